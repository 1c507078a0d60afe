/** The typed client of our own server, for the files that name its routes. */
import createClient from "openapi-fetch";
import { publicFetch, serverFetch } from "./client";
import type { paths } from "./schema";

export const server = createClient<paths>({ credentials: "same-origin", fetch: serverFetch });

/** For the pages of one-time links: nobody is asked to log in there. */
export const publicServer = createClient<paths>({ credentials: "same-origin", fetch: publicFetch });

/** serverFetch throws on every failure, so an answer that arrives is the data. */
export async function answer<T>(sent: Promise<{ data?: T }>): Promise<T> {
  return (await sent).data as T;
}

export const inProject = (projectId: string) => ({ path: { project_id: projectId } });
