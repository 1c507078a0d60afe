/** Keeps uploads going while the reader works on other pages: three at a time, cancellable, repeatable. */
import { useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useReducer,
  useRef,
} from "react";
import { ApiError } from "../../api/errors";
import { loginAgain } from "../../api/expiry";
import { worklistKey } from "../queries";
import { EMPTY_QUEUE, nextToStart, reduceUpload, type UploadQueue } from "./queue";
import { sendFile } from "./send";

interface Upload {
  queue: UploadQueue;
  add: (projectId: string, files: File[]) => void;
  cancelAll: () => void;
  retryFailed: () => void;
  clearFinished: () => void;
}

const UploadContext = createContext<Upload | null>(null);

export function useUpload(): Upload {
  const upload = useContext(UploadContext);
  if (!upload) throw new Error("useUpload is used outside UploadProvider");
  return upload;
}

interface Source {
  projectId: string;
  file: File;
}

export function UploadProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [queue, dispatch] = useReducer(reduceUpload, EMPTY_QUEUE);
  const sources = useRef(new Map<string, Source>());
  const running = useRef(new Map<string, () => void>());

  useEffect(() => {
    for (const id of nextToStart(queue)) {
      const source = sources.current.get(id);
      if (!source || running.current.has(id)) continue;
      dispatch({ type: "started", id });
      const sending = sendFile(source.projectId, source.file, (sentBytes) =>
        dispatch({ type: "progressed", id, sentBytes }),
      );
      running.current.set(id, sending.abort);
      sending.answer
        .then(
          (answer) => {
            dispatch({ type: "answered", id, answer });
            void client.invalidateQueries({ queryKey: worklistKey(source.projectId) });
          },
          (error: unknown) => {
            const failure = error instanceof ApiError ? error : new ApiError(0, {});
            dispatch({ type: "failed", id, code: failure.code, params: failure.params });
            if (failure.status === 401) {
              void loginAgain().then(() => dispatch({ type: "retried_failed" }));
            }
          },
        )
        .finally(() => running.current.delete(id));
    }
  }, [queue, client]);

  const isOpen = nextToStart(queue).length > 0 || running.current.size > 0;
  useEffect(() => {
    if (!isOpen) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [isOpen]);

  const upload = useMemo<Upload>(
    () => ({
      queue,
      add(projectId, files) {
        const added = files.map((file) => ({ id: crypto.randomUUID(), file }));
        for (const { id, file } of added) sources.current.set(id, { projectId, file });
        dispatch({
          type: "added",
          files: added.map(({ id, file }) => ({
            id,
            name: file.webkitRelativePath || file.name,
            sizeBytes: file.size,
          })),
        });
      },
      cancelAll() {
        dispatch({ type: "cancelled_all" });
        for (const abort of running.current.values()) abort();
      },
      retryFailed: () => dispatch({ type: "retried_failed" }),
      clearFinished: () => dispatch({ type: "cleared_finished" }),
    }),
    [queue],
  );
  return <UploadContext value={upload}>{children}</UploadContext>;
}
