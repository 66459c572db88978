// @gitbeaker/rest against gitlab_double.py, and npm `standardwebhooks` against its signatures: what is read and
// written here goes through code that nobody here wrote.
//
//     node gitlab_double_test.mjs BUILD URL PROJECT NUMBER SHA HOOK   (HOOK: a file with a webhook of the double's)
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [build, host, project, number, sha, hookFile] = process.argv.slice(2);
const require = createRequire(`${build}/npm/`);
const { Gitlab } = require("@gitbeaker/rest");
const { Webhook } = require("standardwebhooks");

const as = (name) => new Gitlab({ host, token: `glpat-${name}` });
const api = as("slipway");
const grace = as("grace");
const id = (await api.Projects.show(project)).id;
assert.equal(id, 4711);
const user = await api.Users.showCurrentUser();
assert.equal(user.username, "slipway");

const merge = await api.MergeRequests.show(id, number);
assert.equal(merge.sha, sha);
assert.equal(merge.references.full, `${project}!${number}`);
const versions = await api.MergeRequests.allDiffVersions(id, number);
assert.equal(versions[0].head_commit_sha, sha);

const note = await api.MergeRequestNotes.create(id, number, "from gitbeaker");
const edited = await api.MergeRequestNotes.edit(id, number, note.id, { body: "edited by gitbeaker" });
assert.equal(edited.id, note.id);
assert.equal((await api.MergeRequestNotes.show(id, number, note.id)).body, "edited by gitbeaker");
await api.MergeRequestNoteAwardEmojis.award(id, number, note.id, "eyes");
await assert.rejects(api.MergeRequestNoteAwardEmojis.award(id, number, note.id, "eyes"));
assert.ok((await api.MergeRequestNotes.all(id, number, { perPage: 2 })).length > 2, "pages are followed");

const status = await api.Commits.editStatus(id, sha, "running", { name: "gitbeaker", ref: "topic" });
assert.equal(status.status, "running");
await assert.rejects(
    api.Commits.editStatus(id, sha, "running", { name: "gitbeaker", ref: "topic" }),
    (error) => error.cause.response.status === 400,
);
assert.ok((await api.Commits.allStatuses(id, sha)).some((one) => one.name === "gitbeaker"));
assert.equal((await api.Commits.allMergeRequests(id, sha))[0].iid, Number(number));

await grace.MergeRequestApprovals.approve(id, number, { sha });
const approvals = await api.MergeRequestApprovals.showConfiguration(id, { mergerequestIId: number });
assert.deepEqual(approvals.approved_by.map((one) => one.user.username), ["grace"]);
await grace.MergeRequestApprovals.unapprove(id, number);
assert.equal((await api.ProjectMembers.show(id, 101, { includeInherited: true })).access_level, 40);

const hook = JSON.parse(readFileSync(hookFile, "utf8"));
const webhook = new Webhook(hook.signing_token);
webhook.verify(hook.body, hook.headers);
assert.throws(() => webhook.verify(hook.body + " ", hook.headers));
assert.equal(
    webhook.sign(hook.headers["webhook-id"], new Date(1000 * hook.headers["webhook-timestamp"]), hook.body),
    hook.headers["webhook-signature"],
);
console.log("gitbeaker and standardwebhooks agree with the double");
