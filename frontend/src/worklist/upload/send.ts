/** Sends one file with progress, which fetch cannot report for uploads. */
import { csrfToken } from "../../api/client";
import { uploadPath } from "../../api/endpoints";
import { ApiError, type ErrorBody } from "../../api/errors";
import type { UploadAnswer } from "../../api/types";

interface Sending {
  answer: Promise<UploadAnswer>;
  abort: () => void;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

export function sendFile(
  projectId: string,
  file: File,
  onProgress: (sentBytes: number) => void,
): Sending {
  const request = new XMLHttpRequest();
  const answer = new Promise<UploadAnswer>((resolve, reject) => {
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onerror = () => reject(new ApiError(0, { code: "offline" }));
    request.onabort = () => reject(new ApiError(0, { code: "cancelled" }));
    request.onload = () => {
      const body = readJson(request.responseText);
      if (request.status === 200 || request.status === 201) resolve(body as UploadAnswer);
      else reject(new ApiError(request.status, body as Partial<ErrorBody>));
    };
  });
  const form = new FormData();
  form.append("file", file, file.name);
  request.open("POST", uploadPath(projectId));
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.send(form);
  return { answer, abort: () => request.abort() };
}
