/** What stands where the image would be: nothing yet, on its way, or why it did not come. */
import { useTranslation } from "react-i18next";
import type { ViewerState } from "./viewerState";

export function ViewportNotice(props: {
  readonly state: ViewerState;
  readonly isPending: boolean;
  readonly onRetry: () => void;
}) {
  const { state, isPending, onRetry } = props;
  const { t } = useTranslation("viewer");
  if (state.status === "shown") {
    return null;
  }
  if (state.status !== "failed") {
    return (
      <div className="viewer-notice viewer-notice-quiet" role="status">
        {t(state.status === "empty" && !isPending ? "viewport.empty" : "viewport.loading")}
      </div>
    );
  }
  return (
    <div className="viewer-notice" role="alert" data-testid="viewport-failure">
      <strong>{t("failure.title")}</strong>
      <span>{t(`failure.${state.failure ?? "load_error"}`, { size: state.largestSide })}</span>
      {state.failure !== "too_large" && (
        <button type="button" className="viewer-retry" onClick={onRetry}>
          {t("failure.retry")}
        </button>
      )}
    </div>
  );
}
