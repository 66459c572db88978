// The description of the API (OpenAPI 3.1), served at /api/v1/openapi.json.
#include "handlers/api/routes.hpp"
#include "service/base/json.hpp"

namespace slipway {

namespace {

Json reference(const char* to) { return Json::object({{"$ref", Json(to)}}); }

Json answered_with(const char* description, Json schema) {
    Json content =
        Json::object({{"application/json", Json::object({{"schema", std::move(schema)}})}});
    return Json::object({{"description", Json(description)}, {"content", std::move(content)}});
}

Json operation(const char* id, const char* summary, Json answer, const char* status = "200") {
    Json responses = Json::object(
        {{status, std::move(answer)}, {"default", reference("#/components/responses/Problem")}});
    return Json::object({{"operationId", Json(id)},
                         {"summary", Json(summary)},
                         {"responses", std::move(responses)}});
}

Json parameter(const char* name, const char* in, const char* type, bool required) {
    return Json::object({{"name", Json(name)},
                         {"in", Json(in)},
                         {"required", Json(required)},
                         {"schema", Json::object({{"type", Json(type)}})}});
}

Json of_run(const char* method, Json what) {
    Json path =
        Json::object({{"parameters", Json::array().push(parameter("id", "path", "string", true))}});
    path.set(method, std::move(what));
    return path;
}

Json asked(const char* id, const char* summary) {
    auto out = operation(id, summary, reference("#/components/responses/Done"));
    out.set("requestBody", reference("#/components/requestBodies/Note"));
    return out;
}

Json properties(std::initializer_list<std::pair<const char*, const char*>> named) {
    Json out = Json::object();
    for (const auto& [name, type] : named) out.set(name, Json::object({{"type", Json(type)}}));
    return out;
}

Json object_of(Json named) {
    return Json::object({{"type", Json("object")}, {"properties", std::move(named)}});
}

Json list_costs() {
    Json out = operation("listCosts", "Costs by apply",
                         answered_with("By stack", reference("#/components/schemas/Costs")));
    out.set("parameters", Json::array()
                              .push(parameter("stack", "query", "string", false))
                              .push(parameter("space", "query", "string", false)));
    return out;
}

Json show_pull() {
    Json out = operation("showPull", "One pull request",
                         answered_with("As known", reference("#/components/schemas/Pull")));
    out.set("parameters", Json::array().push(parameter("repository", "query", "string", false)));
    Json path = Json::object(
        {{"parameters", Json::array().push(parameter("number", "path", "integer", true))}});
    path.set("get", std::move(out));
    return path;
}

Json locks() {
    Json lock = asked("lockStacks", "Lock stacks");
    lock.set("requestBody", reference("#/components/requestBodies/Lock"));
    Json unlock = asked("unlockStacks", "Unlock stacks");
    unlock.set("requestBody", reference("#/components/requestBodies/Lock"));
    return Json::object(
        {{"get", operation("listLocks", "Locks by stack",
                           answered_with("Locks", reference("#/components/schemas/Locks")))},
         {"post", std::move(lock)},
         {"delete", std::move(unlock)}});
}

Json drift() {
    Json look = asked("lookForDrift", "Look for drift");
    look.set("requestBody", reference("#/components/requestBodies/Stack"));
    return Json::object(
        {{"get", operation("listDrift", "Drift by stack",
                           answered_with("Findings", reference("#/components/schemas/Drift")))},
         {"post", std::move(look)}});
}

Json destroy() {
    Json out = asked("destroyStack", "Plan a destroy");
    out.set("requestBody", reference("#/components/requestBodies/Destroy"));
    return Json::object({{"post", std::move(out)}});
}

Json tokens() {
    Json create = operation(
        "createToken", "A new token, shown once",
        answered_with("The token", object_of(properties({{"token", "string"}, {"id", "string"}}))),
        "201");
    create.set("requestBody", reference("#/components/requestBodies/Token"));
    return Json::object({{"get", operation("listTokens", "Tokens by name and role",
                                           answered_with("Tokens", object_of(Json::object())))},
                         {"post", std::move(create)}});
}

// Of a stack, or of a run as of_run() has it.
Json explain_any() {
    Json out =
        operation("explain", "By any name",
                  answered_with("The explanation", reference("#/components/schemas/Explanation")));
    out.set("parameters", Json::array().push(parameter("of", "query", "string", true)));
    return Json::object({{"get", std::move(out)}});
}

Json show_input() {
    Json out = operation("showInput", "A decision's input",
                         answered_with("The input", object_of(Json::object())));
    out.set("parameters", Json::array().push(parameter("kind", "path", "string", true)));
    return of_run("get", std::move(out));
}

Json paths() {
    Json list = operation(
        "listRuns", "Runs, newest first",
        answered_with("Runs, and where to go on", reference("#/components/schemas/Runs")));
    list.set("parameters", Json::array()
                               .push(parameter("stack", "query", "string", false))
                               .push(parameter("state", "query", "string", false))
                               .push(parameter("pull", "query", "integer", false))
                               .push(parameter("limit", "query", "integer", false))
                               .push(parameter("cursor", "query", "integer", false)));
    Json log = operation(
        "readLog",
        "The masked log from an offset, at most 1 MiB; X-Slipway-Log says "
        "`complete`, `more`, or `paused` while the run waits for a person",
        Json::object({{"description", Json("Text")},
                      {"content",
                       *parse_json(R"json({"text/plain": {"schema": {"type": "string"}}})json")}}));
    log.set("parameters", Json::array().push(parameter("offset", "query", "integer", false)));
    Json resolve = asked("resolveRun", "Say how an apply ended whose end nobody saw");
    resolve.set("requestBody", reference("#/components/requestBodies/Resolution"));
    Json allow = asked("allowProviders",
                       "Let the runs of its stack use these providers; needs the role admin");
    allow.set("requestBody", reference("#/components/requestBodies/Providers"));
    return Json::object(
        {{"/api/v1/runs", Json::object({{"get", std::move(list)}})},
         {"/api/v1/runs/{id}",
          of_run("get",
                 operation("showRun", "One run",
                           answered_with("The run", reference("#/components/schemas/Run"))))},
         {"/api/v1/runs/{id}/log", of_run("get", std::move(log))},
         {"/api/v1/runs/{id}/explain",
          of_run("get", operation("explainRun",
                                  "Why it is as it is: every decision with policy, rule and place",
                                  answered_with("The explanation",
                                                reference("#/components/schemas/Explanation"))))},
         {"/api/v1/explain", explain_any()},
         {"/api/v1/runs/{id}/inputs/{kind}", show_input()},
         {"/api/v1/runs/{id}/confirm", of_run("post", asked("confirmRun", "Apply what waits"))},
         {"/api/v1/runs/{id}/discard",
          of_run("post", asked("discardRun", "Do not apply what waits"))},
         {"/api/v1/runs/{id}/cancel",
          of_run("post", asked("cancelRun", "Undo what its state allows"))},
         {"/api/v1/runs/{id}/approve",
          of_run("post", asked("approveRun", "Approve this very plan"))},
         {"/api/v1/runs/{id}/resolve", of_run("post", std::move(resolve))},
         {"/api/v1/runs/{id}/retry", of_run("post", asked("retryRun", "Plan again"))},
         {"/api/v1/runs/{id}/allow", of_run("post", std::move(allow))},
         {"/api/v1/pulls/{number}", show_pull()},
         {"/api/v1/locks", locks()},
         {"/api/v1/drift", drift()},
         {"/api/v1/destroy", destroy()},
         {"/api/v1/costs", Json::object({{"get", list_costs()}})},
         {"/api/v1/tokens", tokens()},
         {"/api/v1/tokens/{id}/revoke",
          of_run("post", operation("revokeToken", "End a token",
                                   answered_with("Revoked", object_of(Json::object()))))}});
}

Json run_schema() {
    return object_of(properties({{"id", "string"},
                                 {"stack", "string"},
                                 {"space", "string"},
                                 {"kind", "string"},
                                 {"state", "string"},
                                 {"reason", "string"},
                                 {"repository", "object"},
                                 {"head", "string"},
                                 {"base", "string"},
                                 {"summary", "string"},
                                 {"counts", "object"},
                                 {"plan_digest", "string"},
                                 {"history", "array"},
                                 {"history_omitted", "integer"},
                                 {"plan_decision", "object"},
                                 {"cost", "object"},
                                 {"lock", "object"},
                                 {"drifted", "array"},
                                 {"interrupt", "object"},
                                 {"progress", "object"},
                                 {"error", "string"},
                                 {"sandbox", "string"},
                                 {"tool_version", "string"}}));
}

Json locks_schema() {
    return *parse_json(R"json({"type": "object", "required": ["locks"], "properties": {
        "locks": {"type": "array", "items": {"type": "object", "properties": {
            "stack": {"type": "string"}, "space": {"type": "string"}, "holder": {"type": "object"}, "note": {"type": "string"},
            "since_ms": {"type": "integer"}, "expires_at_ms": {"type": "integer"}}}}}})json");
}

Json drift_schema() {
    return *parse_json(R"json({"type": "object", "required": ["drift"], "properties": {
        "drift": {"type": "array", "items": {"type": "object", "properties": {
            "stack": {"type": "string"}, "space": {"type": "string"}, "run": {"type": "string"}, "commit": {"type": "string"},
            "at_ms": {"type": "integer"}, "drifted": {"type": "boolean"}, "summary": {"type": "string"}, "counts": {"type": "object"}}}}}})json");
}

Json costs_schema() {
    return object_of(properties({{"currency", "string"},
                                 {"monthly", "string"},
                                 {"incomplete", "boolean"},
                                 {"stacks", "array"}}));
}

Json components() {
    Json runs = *parse_json(R"json({"type": "object", "required": ["runs"], "properties": {
        "runs": {"type": "array", "items": {"$ref": "#/components/schemas/Run"}}, "cursor": {"type": "integer"}}})json");
    Json pull = object_of(properties({{"repository", "string"},
                                      {"number", "integer"},
                                      {"state", "string"},
                                      {"head", "string"},
                                      {"looking", "boolean"},
                                      {"summary", "object"},
                                      {"stacks", "array"}}));
    Json explanation = object_of(properties({{"run", "string"},
                                             {"stack", "string"},
                                             {"state", "string"},
                                             {"reason", "string"},
                                             {"text", "string"},
                                             {"outcome", "string"},
                                             {"tree", "array"},
                                             {"would_change", "array"},
                                             {"push", "object"},
                                             {"plan", "object"},
                                             {"approval", "object"}}));
    Json problem = *parse_json(
        R"json({"description": "Why not (RFC 9457)", "content": {"application/problem+json": {"schema":
        {"type": "object", "properties": {"status": {"type": "integer"}, "title": {"type": "string"}, "detail": {"type": "string"}}}}}})json");
    Json bodies = *parse_json(R"json({
        "Note": {"content": {"application/json": {"schema": {"type": "object", "properties": {"note": {"type": "string"}}}}}},
        "Resolution": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["resolution"],
            "properties": {"resolution": {"enum": ["applied", "failed"]}, "note": {"type": "string"}}}}}},
        "Providers": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["providers"],
            "properties": {"providers": {"type": "array", "items": {"type": "string"}}, "note": {"type": "string"}}}}}},
        "Lock": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["stacks"],
            "properties": {"stacks": {"type": "array", "items": {"type": "string"}}, "for": {"type": "string"}, "note": {"type": "string"}}}}}},
        "Stack": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["stack"],
            "properties": {"stack": {"type": "string"}, "note": {"type": "string"}}}}}},
        "Destroy": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["stack", "confirm"],
            "properties": {"stack": {"type": "string"}, "confirm": {"type": "string"}, "note": {"type": "string"}}}}}},
        "Token": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["name"],
            "properties": {"name": {"type": "string"}, "role": {"enum": ["reader", "writer", "admin"]}}}}}}})json");
    return Json::object(
        {{"securitySchemes",
          *parse_json(R"json({"token": {"type": "http", "scheme": "bearer"}})json")},
         {"requestBodies", std::move(bodies)},
         {"responses",
          Json::object({{"Done", answered_with("Done, in words",
                                               object_of(properties({{"text", "string"},
                                                                     {"counts", "boolean"},
                                                                     {"run", "string"}})))},
                        {"Problem", std::move(problem)}})},
         {"schemas", Json::object({{"Run", run_schema()},
                                   {"Runs", std::move(runs)},
                                   {"Pull", std::move(pull)},
                                   {"Locks", locks_schema()},
                                   {"Drift", drift_schema()},
                                   {"Costs", costs_schema()},
                                   {"Explanation", std::move(explanation)}})}});
}

}  // namespace

std::string openapi_document() {
    static const std::string document =
        Json::object({{"openapi", Json("3.1.0")},
                      {"info", Json::object({{"title", Json("Slipway")}, {"version", Json("1")}})},
                      {"security", *parse_json(R"json([{"token": []}])json")},
                      {"paths", paths()},
                      {"components", components()}})
            .dump();
    return document;
}

}  // namespace slipway
