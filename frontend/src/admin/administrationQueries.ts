/** What the sections Users, Projects, Audit and System ask the server, and what they keep in step. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  fetchAdministeredProjects,
  fetchAudit,
  fetchInvitations,
  fetchMembers,
  fetchProjectSettings,
  fetchSystem,
} from "../api/administration";
import type { AuditFilter, ProjectSettings } from "../api/types";
import { SESSION_KEY } from "../session/context";
import { adminKey } from "./queries";

const SYSTEM_POLL_MS = 10_000;
export const INVITATIONS_AT_ONCE = 200;

export const membersKey = (projectId: string) => adminKey(projectId, "members");
export const invitationsKey = (projectId: string) => adminKey(projectId, "invitations");
export const settingsKey = (projectId: string) => adminKey(projectId, "settings");
const CHOICES_FRESH_MS = 60_000;
const CHOICES_ONLY = { action: "", target_type: "", offset: 0, limit: 1, choices: true };
const ADMINISTERED_KEY = ["admin", "projects"];

export function useMembers(projectId: string) {
  return useQuery({
    queryKey: membersKey(projectId),
    queryFn: ({ signal }) => fetchMembers(projectId, signal),
  });
}

export function useInvitations(projectId: string) {
  return useQuery({
    queryKey: invitationsKey(projectId),
    queryFn: ({ signal }) => fetchInvitations(projectId, INVITATIONS_AT_ONCE, signal),
  });
}

export function useAdministeredProjects() {
  return useQuery({
    queryKey: ADMINISTERED_KEY,
    queryFn: ({ signal }) => fetchAdministeredProjects(signal),
  });
}

export function useProjectSettings(projectId: string) {
  return useQuery({
    queryKey: settingsKey(projectId),
    queryFn: ({ signal }) => fetchProjectSettings(projectId, signal),
  });
}

/** A change of a project's settings: its answer is the new state, which other screens show too. */
export function useSettingsChange<Sent>(
  projectId: string,
  send: (sent: Sent) => Promise<ProjectSettings>,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: async (settings) => {
      client.setQueryData(settingsKey(projectId), settings);
      await client.invalidateQueries({ queryKey: ADMINISTERED_KEY });
      await client.invalidateQueries({ queryKey: SESSION_KEY });
    },
  });
}

/** The projects and roles of who is logged in have changed. */
export function useMembershipsChanged(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await client.invalidateQueries({ queryKey: ADMINISTERED_KEY });
    await client.invalidateQueries({ queryKey: SESSION_KEY });
  };
}

export function useAudit(projectId: string, filter: AuditFilter) {
  return useQuery({
    queryKey: [...adminKey(projectId, "audit"), filter],
    queryFn: ({ signal }) => fetchAudit(projectId, filter, signal),
    placeholderData: keepPreviousData,
  });
}

/** What one may filter by changes seldom, and is dear to gather: not with every page. */
export function useAuditChoices(projectId: string) {
  return useQuery({
    queryKey: [...adminKey(projectId, "audit"), "choices"],
    queryFn: ({ signal }) => fetchAudit(projectId, CHOICES_ONLY, signal),
    select: (page) => page.choices,
    staleTime: CHOICES_FRESH_MS,
  });
}

export function useSystem() {
  return useQuery({
    queryKey: ["admin", "system"],
    queryFn: ({ signal }) => fetchSystem(signal),
    refetchInterval: SYSTEM_POLL_MS,
  });
}
