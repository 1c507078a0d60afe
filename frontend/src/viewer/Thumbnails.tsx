/** The images of a study to choose from: one entry per series or radiograph, with its number of images. */
import { useTranslation } from "react-i18next";
import "./viewer.css";

export interface ThumbnailItem {
  readonly key: string;
  readonly url: string | null;
  readonly label: string;
  readonly count: number;
}

export function Thumbnails(props: {
  readonly items: readonly ThumbnailItem[];
  readonly current: string | null;
  readonly onSelect: (key: string) => void;
}) {
  const { t } = useTranslation("viewer");
  return (
    <nav className="viewer-thumbnails" aria-label={t("thumbnails.label")}>
      {props.items.map(({ key, url, label, count }) => (
        <button
          key={key}
          type="button"
          className="viewer-thumbnail"
          aria-current={key === props.current}
          onClick={() => props.onSelect(key)}
        >
          {url === null ? (
            <span className="viewer-thumbnail-none">{t("thumbnails.no_picture")}</span>
          ) : (
            <img src={url} alt="" width={72} height={72} loading="lazy" decoding="async" />
          )}
          <span className="viewer-thumbnail-label">{label}</span>
          {count > 1 && (
            <span className="viewer-thumbnail-count">{t("thumbnails.count", { count })}</span>
          )}
        </button>
      ))}
    </nav>
  );
}
