/** One function per route of the administrator's screens, and of the two pages of one-time links. */
import { answer, inProject, publicServer, server } from "./server";
import type {
  AiDisplay,
  AuditFilter,
  FindingChanges,
  NewFinding,
  NewProject,
  ProjectChanges,
  Role,
} from "./types";

const ofMember = (projectId: string, userId: string) => ({
  path: { project_id: projectId, user_id: userId },
});

export const fetchMembers = (projectId: string, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/members", { params: inProject(projectId), signal }),
  );

const withRole = (projectId: string, userId: string, role: Role) => ({
  path: { project_id: projectId, user_id: userId, role },
});

export const addRole = (projectId: string, userId: string, role: Role) =>
  answer(
    server.PUT("/api/projects/{project_id}/members/{user_id}/roles/{role}", {
      params: withRole(projectId, userId, role),
    }),
  );

export const removeRole = (projectId: string, userId: string, role: Role) =>
  answer(
    server.DELETE("/api/projects/{project_id}/members/{user_id}/roles/{role}", {
      params: withRole(projectId, userId, role),
    }),
  );

export const deactivateMember = (projectId: string, userId: string) =>
  answer(
    server.POST("/api/projects/{project_id}/members/{user_id}/deactivate", {
      params: ofMember(projectId, userId),
    }),
  );

export const activateMember = (projectId: string, userId: string) =>
  answer(
    server.POST("/api/projects/{project_id}/members/{user_id}/activate", {
      params: ofMember(projectId, userId),
    }),
  );

export const makeResetLink = (projectId: string, userId: string) =>
  answer(
    server.POST("/api/projects/{project_id}/members/{user_id}/reset-link", {
      params: ofMember(projectId, userId),
    }),
  );

export const fetchInvitations = (projectId: string, limit: number, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/invitations", {
      params: { ...inProject(projectId), query: { limit } },
      signal,
    }),
  );

export interface Invite {
  roles: Role[];
  display_name: string;
  note: string;
}

export const invite = (projectId: string, body: Invite) =>
  answer(
    server.POST("/api/projects/{project_id}/invitations", { params: inProject(projectId), body }),
  );

export const revokeInvitation = (projectId: string, invitationId: string) =>
  answer(
    server.POST("/api/projects/{project_id}/invitations/{invitation_id}/revoke", {
      params: { path: { project_id: projectId, invitation_id: invitationId } },
    }),
  );

export const lookAtInvitation = (token: string, signal: AbortSignal) =>
  answer(publicServer.POST("/api/join/look", { body: { token }, signal }));

export interface NewAccount {
  token: string;
  username: string;
  display_name: string;
  password: string;
  language: "en" | "zh-hans";
}

export const join = (body: NewAccount) => answer(publicServer.POST("/api/join", { body }));

export const joinAsMe = (token: string) =>
  answer(publicServer.POST("/api/join/as-me", { body: { token } }));

export const lookAtReset = (token: string, signal: AbortSignal) =>
  answer(publicServer.POST("/api/reset/look", { body: { token }, signal }));

export const resetPassword = (token: string, password: string) =>
  answer(publicServer.POST("/api/reset", { body: { token, password } }));

export const fetchAdministeredProjects = (signal: AbortSignal) =>
  answer(server.GET("/api/projects/administered", { signal }));

export const createProject = (body: NewProject) => answer(server.POST("/api/projects", { body }));

export const fetchProjectSettings = (projectId: string, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/settings", { params: inProject(projectId), signal }),
  );

export const editProject = (projectId: string, body: ProjectChanges) =>
  answer(
    server.PATCH("/api/projects/{project_id}/settings", { params: inProject(projectId), body }),
  );

export interface PolicyDraft {
  after_version: number;
  ai_display: AiDisplay;
  second_signature: boolean;
  reason: string;
}

export const addPolicy = (projectId: string, body: PolicyDraft) =>
  answer(
    server.POST("/api/projects/{project_id}/policies", { params: inProject(projectId), body }),
  );

export const addFinding = (projectId: string, body: NewFinding) =>
  answer(
    server.POST("/api/projects/{project_id}/findings", { params: inProject(projectId), body }),
  );

export const editFinding = (projectId: string, findingId: string, body: FindingChanges) =>
  answer(
    server.PATCH("/api/projects/{project_id}/findings/{finding_id}", {
      params: { path: { project_id: projectId, finding_id: findingId } },
      body,
    }),
  );

export const fetchAudit = (projectId: string, query: AuditFilter, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/audit", {
      params: { ...inProject(projectId), query },
      signal,
    }),
  );

export interface ChainPlace {
  after_sequence: number;
  after_sha256: string;
}

export const verifyAudit = (
  projectId: string,
  body: ChainPlace & { anchor_sha256: string },
  signal: AbortSignal,
) =>
  answer(
    server.POST("/api/projects/{project_id}/audit/verify", {
      params: inProject(projectId),
      body,
      signal,
    }),
  );

export const fetchSystem = (signal: AbortSignal) => answer(server.GET("/api/system", { signal }));

export const retryStuckPredictions = (projectId: string) =>
  answer(
    server.POST("/api/projects/{project_id}/stuck-predictions/retry", {
      params: inProject(projectId),
    }),
  );
