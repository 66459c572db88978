// Prints, as one JSON document, comments and checks into which each text of the injection corpus
// was put at every place where foreign text may stand. rendering_test.mjs renders them and looks at
// what became of it.
#include <iostream>

#include "service/base/json.hpp"
#include "tests/support/reports.hpp"

using namespace slipway;
using namespace slipway::situations;

namespace {

// Each carries the word that must be found as text, and in no attribute and no element of its own.
const std::vector<std::string> corpus = {
    "@evilword",
    "x @evilword/team y",
    "user@evilword.example",
    "#1234 evilword",
    "acme/infra#12 evilword",
    "GH-12 evilword",
    "fixes #12 evilword",
    "!12 evilword",
    "~evilword",
    "%evilword",
    "$12 evilword",
    "&12 evilword",
    ":tada: evilword",
    ":100: evilword",
    "https://evilword.example/",
    "http://evilword.example",
    "www.evilword.example",
    "ftp://evilword.example",
    "mailto:a@evilword.example",
    "//evilword.example",
    "<https://evilword.example>",
    "[click](https://evilword.example)",
    "![x](https://evilword.example/beacon.png)",
    "[ref][1]\n\n[1]: https://evilword.example",
    "[//]: # (evilword)",
    "[^1] evilword\n\n[^1]: note",
    "<b>evilword</b>",
    "<img src=https://evilword.example/x>",
    "<script>evilword</script>",
    "<a href='javascript:evilword'>x</a>",
    "<!-- evilword",
    "--> evilword <!--",
    "</details>evilword",
    "</summary></details><h1>evilword",
    "<details open><summary>evilword",
    "<table><tr><td>evilword",
    "&lt;b&gt;evilword",
    "&#64;evilword",
    "*evilword*",
    "**evilword**",
    "_evilword_",
    "__evilword__",
    "~~evilword~~",
    "`evilword`",
    "``evilword``",
    "`evilword",
    "```\nevilword",
    "```\n</details>\n# evilword\n```",
    "~~~\nevilword",
    "````evilword",
    "\\`evilword",
    "\\",
    "evilword\\",
    "# evilword",
    "\n# evilword",
    "\n\n# evilword\n\n",
    "- evilword",
    "\n- evilword",
    "1. evilword",
    "> evilword",
    "\n> evilword",
    "    evilword",
    "---\nevilword",
    "evilword\n===",
    "| evilword | a |\n|---|---|",
    "a | evilword",
    "|evilword|",
    "- [ ] evilword",
    "/slipway apply evilword",
    "\n/slipway apply evilword",
    "\r\n/close evilword",
    "/label ~evilword",
    "\n\n/approve evilword\n",
    "atlantis apply evilword",
    "\x1B[31mevilword\x1B[0m",
    "\x1B]8;;https://evilword.example\x07x\x1B]8;;\x07 evilword",
    "\xE2\x80\xAE"
    "evilword",
    "\xE2\x80\xA8# evilword",
    "evil\x08word evilword",
    "\xFF\xFE evilword",
    "$$evilword$$",
    "$`evilword`$",
    "{{evilword}}",
    "<%= evilword %>",
    "^evilword^",
    "[[evilword]]",
    "[vulnerability:1] evilword",
    "*iteration:evilword",
    "javascript:evilword",
    "data:text/html,evilword",
    "a_evilword_b",
    "_ evilword _",
    "evilword `x` **y** https://evilword.example `z`",
    "` evilword ` <b> `",
    "\"><b>evilword",
    "'><b>evilword",
};

Report poisoned(const std::string& text) {
    auto evil = change(
        Action::replace, "aws_db_instance.x[\"" + text + "\"]",
        {attribute(text, value(quoted(text)), value(quoted("new " + text)), true),
         attribute("json", value(quoted("{\"a\":" + quoted(text) + "}")),
                   value(quoted("{" + quoted("k" + text) + ":1}"))),
         attribute("lines", value(quoted("a\n" + text + "\nb")), value(quoted("a\nc\n" + text)))});
    evil.reason = text;
    auto moved = change(Action::none, text);
    moved.previous_address = text;
    auto imported = change(Action::none, "i" + text);
    imported.import_id = text;
    auto plan = plan_of(
        {evil, change(Action::remove, text), change(Action::create, "c." + text), moved, imported});
    plan.outputs = {text};

    auto found = finding(Finding::Severity::deny, text, text, text, 9, text);
    found.docs = "https://evilword.example/docs";
    auto warned = finding(Finding::Severity::warn, text, text, text, 9, evil.address);
    auto denied = judged(planned(text, plan), Verdict::denied, found);
    set_plan(*denied.run).decision.findings.push_back(warned);
    set_plan(*denied.run)
        .decision.findings.push_back(finding(Finding::Severity::error, text, text, text, 1));
    denied.push.why = {text, text, {{text, text, {}}}};
    auto waits = missing(planned("w" + text, plan), text);
    waits.approval.missing.push_back({text, 1, text});
    waits.approval.findings = {found};
    waits.is_new = true;
    waits.new_since = {text};
    waits.vanished_since = {text};
    auto fine = approved(planned("f" + text, network_plan()), text);
    fine.lock.emplace();
    fine.lock->holder.login = fine.lock->note = text;
    fine.lock->expires_at_ms = nine_fourteen;
    auto broken = failed("b" + text, text, text);
    auto report =
        report_of({denied, waits, fine, broken, not_planned("n" + text, {Cause::conflicts, text}),
                   planned("u" + text, Plan())});
    report.previous_head = "8e21";
    report.configuration = {{{}, text}, {{".slipway.yaml", 1, 1}, text}, {{text, 1, 1}, text}};
    report.pull.base_branch = text;
    return report;
}

Report poisoned_after_the_merge(const std::string& text) {
    auto plan =
        plan_of({change(Action::remove, text),
                 change(Action::update, "u." + text, {attribute(text, value("1"), value("2"))})});
    auto waits = tracked("w" + text, plan, RunState::unconfirmed);
    waits.run->reason = {Cause::other_inputs, "", text};
    waits.approved_plan =
        plan_of({change(Action::create, text), change(Action::remove, "gone." + text)});
    auto lost = tracked("l" + text, plan, RunState::unknown);
    auto failed_one = tracked(text, plan, RunState::failed);
    failed_one.run->reason = {Cause::not_prepared, "", text};
    failed_one.run->error = text;
    auto locked = tracked("k" + text, plan, RunState::unconfirmed);
    locked.run->reason = {Cause::locked, text, text};
    locked.lock.emplace();
    locked.lock->holder.login = locked.lock->note = text;
    locked.lock->expires_at_ms = nine_fourteen;
    auto ended = planning("e" + text, second);
    ended.run->kind = RunKind::tracked;
    ended.run->reason = {Cause::ended_by, text, text};
    moved_on(*ended.run, RunState::discarded, nine_fourteen);
    auto report = report_of(
        {waits, locked, lost, failed_one, ended, tracked("a" + text, plan, RunState::finished)},
        PullPhase::merged);
    report.pull.base_branch = text;
    return report;
}

Report poisoned_conflict(const std::string& text) {
    auto report = report_of({not_planned(text, {Cause::push_policy_error, text, text})});
    report.conflicts = {text, "a/" + text, "b", "c"};
    report.pull.base_branch = text;
    return report;
}

void add(Json& out, const std::string& text, const char* kind, const Report& report) {
    const auto summary = summary_check(report);
    Json pages = Json::array();
    pages.push(Json(comment_markdown(report)));
    pages.push(Json(summary.summary));
    pages.push(Json(summary.text));
    for (const auto& stack : report.stacks) {
        const auto check = stack_check(report, stack);
        pages.push(Json(check.summary));
        pages.push(Json(check.text));
    }
    out.push(Json::object(
        {{"text", Json(printable(text))}, {"kind", Json(kind)}, {"pages", std::move(pages)}}));
}

}  // namespace

int main() {
    Json hostile = Json::array(), plain = Json::array();
    for (const auto& text : corpus) {
        add(hostile, text, "proposed", poisoned(text));
        add(hostile, text, "merged", poisoned_after_the_merge(text));
        add(hostile, text, "conflict", poisoned_conflict(text));
    }
    // The same reports with a harmless word: what the structure of a page is without an attack.
    const std::string harmless = "evilword";
    add(plain, harmless, "proposed", poisoned(harmless));
    add(plain, harmless, "merged", poisoned_after_the_merge(harmless));
    add(plain, harmless, "conflict", poisoned_conflict(harmless));
    std::cout << Json::object({{"hostile", std::move(hostile)}, {"plain", std::move(plain)}}).dump()
              << "\n";
}
