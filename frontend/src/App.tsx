/** Puts theme, server state, login and routes together. */
import { Button, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { BrowserRouter } from "react-router";
import { isRetryable } from "./api/client";
import { AppRoutes } from "./routes";
import { JoinPage } from "./session/JoinPage";
import { linkKindOf, tokenIn } from "./session/oneTimeLink";
import { ResetPage } from "./session/ResetPage";
import { SessionGate } from "./session/SessionGate";
import { ErrorBoundary } from "./ui/ErrorBoundary";
import { StateView } from "./ui/StateView";
import { theme } from "./ui/theme";
import { UploadProvider } from "./worklist/upload/UploadProvider";

const RETRIES = 3;

const queryClient = new QueryClient({
  defaultOptions: {
    // The server may be on this very machine: the browser's idea of "offline" is not ours.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
      retry: (failures, error) => failures < RETRIES && isRetryable(error),
      staleTime: 5_000,
    },
  },
});

/** Django gives the nonce of this response; Mantine's style tags need it under the CSP. */
function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
}

export function App() {
  return (
    <MantineProvider theme={theme} forceColorScheme="dark" getStyleNonce={styleNonce}>
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-left" className="toasts" containerWidth={320} />
        <Page />
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Page() {
  const { t } = useTranslation();
  return (
    <ErrorBoundary
      fallback={(retry) => (
        <StateView
          kind="error"
          title={t("errors.page")}
          detail={t("errors.page_detail")}
          action={<Button onClick={retry}>{t("common.retry")}</Button>}
        />
      )}
    >
      <Gate>
        {/* Without a transition: after a signature the next case must be drawn at once. */}
        <BrowserRouter useTransitions={false}>
          <UploadProvider>
            <AppRoutes />
          </UploadProvider>
        </BrowserRouter>
      </Gate>
    </ErrorBoundary>
  );
}

/** Another link pasted over the first one changes the fragment only, and loads nothing. */
function onFragment(onChange: () => void): () => void {
  window.addEventListener("hashchange", onChange);
  return () => window.removeEventListener("hashchange", onChange);
}

/** A one-time link's page needs no login; every other does. */
function Gate({ children }: { children: ReactNode }) {
  const kind = linkKindOf(window.location.pathname);
  const token = tokenIn(useSyncExternalStore(onFragment, () => window.location.hash));
  if (kind === "join") return <JoinPage key={token} token={token} />;
  if (kind === "reset") return <ResetPage key={token} token={token} />;
  return <SessionGate>{children}</SessionGate>;
}
