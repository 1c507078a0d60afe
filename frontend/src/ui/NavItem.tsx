/** A link of the bar, marked while its page is open. */
import type { ReactNode } from "react";
import { NavLink } from "react-router";
import styles from "./NavItem.module.css";

export function NavItem({ to, children }: { to: string; children: ReactNode }) {
  return (
    <NavLink to={to} className={styles.item ?? ""}>
      {children}
    </NavLink>
  );
}
