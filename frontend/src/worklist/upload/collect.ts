/** The files behind a drop, folders walked to their end. */

const IGNORED_NAMES = new Set(["DICOMDIR", ".DS_Store", "Thumbs.db", "desktop.ini"]);

export const isWorthSending = (file: File): boolean => !IGNORED_NAMES.has(file.name);

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function readBatch(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

async function filesUnder(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) return [await fileOf(entry as FileSystemFileEntry)];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  // readEntries gives at most 100 entries a call in Chromium; an empty answer is the end.
  for (let batch = await readBatch(reader); batch.length > 0; batch = await readBatch(reader)) {
    for (const child of batch) files.push(...(await filesUnder(child)));
  }
  return files;
}

/** Must be called inside the drop event: the list of items is emptied when the handler returns. */
export function entriesOf(items: DataTransferItemList): FileSystemEntry[] {
  return [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
}

export async function collectFiles(entries: FileSystemEntry[]): Promise<File[]> {
  const found = await Promise.all(entries.map(filesUnder));
  return found.flat().filter(isWorthSending);
}
