/** The frame around every page: navigation by role, the banner, the connection and the key sheet. */
import { Button, Menu, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Keyboard, Wifi, WifiOff } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";
import { fetchStatus } from "./api/endpoints";
import { ApiError } from "./api/errors";
import type { Role, ServerStatus } from "./api/types";
import { ARBITRATE_PATH, LABEL_PATH, worklistPath } from "./cases/paths";
import { useKeys } from "./cases/useKeys";
import { useNameOf } from "./cases/words";
import styles from "./Frame.module.css";
import { KeyPanel } from "./KeyPanel";
import { AccountMenu, LanguageSwitch } from "./session/AccountMenu";
import { isReader, type Membership, useSession } from "./session/context";
import { Banner, type BannerKind } from "./ui/Banner";
import { minutesAndSeconds } from "./ui/format";
import { NavItem } from "./ui/NavItem";
import { Shell } from "./ui/Shell";
import type { Screen } from "./viewer/keyActions";

const STATUS_POLL_MS = 10_000;

interface FrameProps {
  membership: Membership | null;
  children: ReactNode;
}

export function Frame({ membership, children }: FrameProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [isKeySheetOpen, setIsKeySheetOpen] = useState(false);
  const status = useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => fetchStatus(signal),
    refetchInterval: STATUS_POLL_MS,
    retry: false,
  });
  const isOffline = status.error instanceof ApiError && status.error.isOffline;
  const { memberships } = useSession();
  // A page that belongs to no project leads back to the first that the person reads in.
  const reading = membership ?? memberships.find(isReader);
  const worklist = reading && isReader(reading) ? worklistPath(reading.project.id) : null;
  const adminPath = membership?.roles.includes("admin")
    ? `/projects/${membership.project.id}/admin`
    : null;
  const hasRole = (role: Role) => memberships.some(({ roles }) => roles.includes(role));
  const isBlind = isBlindPage(pathname);

  useKeys({
    contexts: ["global"],
    handlers: {
      "global.help": () => setIsKeySheetOpen((isOpen) => !isOpen),
      "global.worklist": () => void navigate(isBlind || !worklist ? LABEL_PATH : worklist),
    },
  });

  return (
    <Shell
      skipLabel={t("shell.skip")}
      brand={
        <>
          <span className={styles.brand}>{t("shell.brand")}</span>
          {membership && <ProjectMenu membership={membership} />}
        </>
      }
      navigation={
        <>
          {worklist && <NavItem to={worklist}>{t("shell.worklist")}</NavItem>}
          {hasRole("annotator") && <NavItem to={LABEL_PATH}>{t("shell.label")}</NavItem>}
          {hasRole("arbitrator") && <NavItem to={ARBITRATE_PATH}>{t("shell.arbitrate")}</NavItem>}
          {adminPath && <NavItem to={adminPath}>{t("shell.admin")}</NavItem>}
        </>
      }
      controls={
        <>
          <Connection isOffline={isOffline} />
          <LanguageSwitch />
          <Tooltip label={t("shell.keys")}>
            <Button
              variant="subtle"
              color="gray"
              aria-label={t("shell.keys")}
              onClick={() => setIsKeySheetOpen(true)}
            >
              <Keyboard size={18} aria-hidden />
            </Button>
          </Tooltip>
          <AccountMenu />
        </>
      }
      banner={<StatusBanner isOffline={isOffline} status={isBlind ? undefined : status.data} />}
    >
      {children}
      <KeyPanel
        screen={screenOf(pathname)}
        isOpen={isKeySheetOpen}
        onClose={() => setIsKeySheetOpen(false)}
      />
    </Shell>
  );
}

/** Where people read blinded, nothing is said of the AI: not even that it is late. */
function isBlindPage(pathname: string): boolean {
  return [LABEL_PATH, ARBITRATE_PATH].some(
    (path) => pathname === path || pathname.startsWith(`${path}/`),
  );
}

function screenOf(pathname: string): Screen {
  if (pathname === LABEL_PATH || pathname.startsWith(`${LABEL_PATH}/`)) return "label";
  if (pathname.startsWith("/arbitrate/")) return "arbitrate";
  return pathname.includes("/cases/") ? "review" : "worklist";
}

function Connection({ isOffline }: { isOffline: boolean }) {
  const { t } = useTranslation();
  const Icon = isOffline ? WifiOff : Wifi;
  return (
    <span className={styles.connection} data-offline={isOffline}>
      <Icon size={14} aria-hidden />
      {isOffline ? t("shell.offline_short") : t("shell.connected")}
    </span>
  );
}

interface StatusBannerProps {
  isOffline: boolean;
  status: ServerStatus | undefined;
}

/** One message at a time, the most pressing first; the row keeps its height so that nothing jumps. */
function StatusBanner({ isOffline, status }: StatusBannerProps) {
  const { t } = useTranslation();
  const { research_use } = useSession();
  const ai = status?.ai;
  const aside = research_use ? t("shell.research_use") : "";
  const show = (kind: BannerKind, text: string) => (
    <Banner kind={kind} text={text} aside={kind === "research" ? "" : aside} />
  );
  if (isOffline) return show("offline", t("shell.offline"));
  if (ai?.state === "down") return show("down", t("shell.ai_down", { count: ai.waiting }));
  if (ai?.state === "delayed") {
    const oldest = minutesAndSeconds(ai.oldest_s);
    return show("delayed", t("shell.ai_delayed", { count: ai.waiting, ...oldest }));
  }
  if (research_use) return show("research", t("shell.research_use_long"));
  return <Banner kind={null} text="" aside="" />;
}

function ProjectMenu({ membership }: { membership: Membership }) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const navigate = useNavigate();
  const memberships = useSession().memberships.filter(isReader);
  const name = nameOf(membership.project);
  if (memberships.length <= 1) return <span className={styles.project}>{name}</span>;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          aria-label={t("shell.project", { name })}
          rightSection={<ChevronDown size={14} aria-hidden />}
        >
          {name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {memberships.map(({ project }) => (
          <Menu.Item key={project.id} onClick={() => void navigate(worklistPath(project.id))}>
            {nameOf(project)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
