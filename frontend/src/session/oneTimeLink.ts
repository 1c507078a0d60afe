/** Where a one-time link leads. Its token is in the fragment: no browser sends that, no log holds it. */

export type LinkKind = "join" | "reset";

export function linkAddress(origin: string, kind: LinkKind, token: string): string {
  return `${origin}/${kind}#${token}`;
}

/** Which page of a one-time link an address is, if it is one. */
export function linkKindOf(pathname: string): LinkKind | null {
  if (pathname === "/join") return "join";
  return pathname === "/reset" ? "reset" : null;
}

export function tokenIn(hash: string): string {
  return hash.replace(/^#/, "");
}
