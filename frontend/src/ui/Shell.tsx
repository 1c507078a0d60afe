/** The frame of every page: the 48 px bar, one banner row of constant height, and the page below. */
import type { ReactNode } from "react";
import styles from "./Shell.module.css";

interface ShellProps {
  brand: ReactNode;
  navigation: ReactNode;
  controls: ReactNode;
  banner: ReactNode;
  skipLabel: string;
  children: ReactNode;
}

export function Shell({ brand, navigation, controls, banner, skipLabel, children }: ShellProps) {
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        {skipLabel}
      </a>
      <header className={styles.bar}>
        <div className={styles.brand}>{brand}</div>
        <nav className={styles.navigation}>{navigation}</nav>
        <div className={styles.controls}>{controls}</div>
      </header>
      {banner}
      <main id="main" className={styles.main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
