/**
 * What survives a crashed tab, a dead network or an expired login: drafts that the server has not confirmed,
 * on this workstation, for the same person and nobody else. Encrypted (AES-256-GCM) with a key of the
 * person's that the server gives after login and that is kept in memory only; the id of the person is bound
 * into each record. One record a tab, so that two tabs never overwrite each other; a lock held for the life
 * of the tab tells which records are orphans and may be taken over.
 */

export interface StoredDraft<T> {
  readonly content: T;
  /** The server's revision that the content was made on. */
  readonly revision: number;
  readonly keptAt: string;
}

interface DraftRow {
  readonly id: string;
  readonly owner: string;
  readonly caseId: string;
  readonly keptAt: string;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly data: ArrayBuffer;
}

const DATABASE = "coread";
const STORE = "drafts";
/** A record nobody came back for; the server has had the rest for as long. */
const FORGOTTEN_AFTER_MS = 30 * 24 * 3600 * 1000;

function request<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error("IndexedDB"));
  });
}

function openDatabase(): Promise<IDBDatabase> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(STORE, { keyPath: "id" }).createIndex("owner", "owner");
  };
  return request(opening);
}

function bytesOf(base64Url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64Url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export class LocalDrafts {
  private constructor(
    private readonly database: IDBDatabase,
    private readonly key: CryptoKey,
    private readonly owner: string,
  ) {}

  /** Null where the browser offers no encryption or no store (plain HTTP, private window). */
  static async open(owner: string, base64Key: string): Promise<LocalDrafts | null> {
    if (!globalThis.crypto?.subtle || !globalThis.indexedDB) return null;
    const key = await crypto.subtle.importKey("raw", bytesOf(base64Key), "AES-GCM", false, [
      "encrypt",
      "decrypt",
    ]);
    try {
      const drafts = new LocalDrafts(await openDatabase(), key, owner);
      await drafts.forgetOld();
      return drafts;
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
  }

  async keep<T>(id: string, caseId: string, draft: StoredDraft<T>): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify(draft));
    const data = await crypto.subtle.encrypt(this.sealOf(iv, caseId), this.key, plain);
    const row: DraftRow = { id, owner: this.owner, caseId, keptAt: draft.keptAt, iv, data };
    await request(this.store("readwrite").put(row));
  }

  async forget(id: string): Promise<void> {
    await request(this.store("readwrite").delete(id));
  }

  /** Records of the case whose tab is gone, oldest first; those of a living tab are its own business. */
  async orphans<T>(caseId: string): Promise<{ id: string; draft: StoredDraft<T> }[]> {
    const rows = await this.rows();
    const found: { id: string; draft: StoredDraft<T> }[] = [];
    for (const row of rows.filter((one) => one.caseId === caseId)) {
      if (await isHeld(row.id)) continue;
      const draft = await this.open<T>(row);
      if (draft) found.push({ id: row.id, draft });
    }
    return found.toSorted((a, b) => a.draft.keptAt.localeCompare(b.draft.keptAt));
  }

  private async rows(): Promise<DraftRow[]> {
    return request(this.store("readonly").index("owner").getAll(this.owner));
  }

  /** Null for what another key has sealed: it says nothing to this person. */
  private async open<T>(row: DraftRow): Promise<StoredDraft<T> | null> {
    try {
      const plain = await crypto.subtle.decrypt(
        this.sealOf(row.iv, row.caseId),
        this.key,
        row.data,
      );
      return JSON.parse(new TextDecoder().decode(plain)) as StoredDraft<T>;
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
  }

  private sealOf(iv: Uint8Array<ArrayBuffer>, caseId: string): AesGcmParams {
    const bound = new TextEncoder().encode(`${this.owner}/${caseId}`);
    return { name: "AES-GCM", iv, additionalData: bound };
  }

  private async forgetOld(): Promise<void> {
    const limit = new Date(Date.now() - FORGOTTEN_AFTER_MS).toISOString();
    const old = (await this.rows()).filter((row) => row.keptAt < limit);
    await Promise.all(old.map((row) => this.forget(row.id)));
  }

  private store(mode: IDBTransactionMode): IDBObjectStore {
    return this.database.transaction(STORE, mode).objectStore(STORE);
  }
}

const lockName = (id: string): string => `coread-draft-${id}`;

/** Holds the lock of a record until `release` is called or the tab is gone, however it goes. */
export function holdRecord(id: string): () => void {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  void navigator.locks?.request(lockName(id), () => held);
  return () => release();
}

async function isHeld(id: string): Promise<boolean> {
  if (!navigator.locks) return false;
  const { held = [] } = await navigator.locks.query();
  return held.some((lock) => lock.name === lockName(id));
}
