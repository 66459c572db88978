#include "service/wording/commands.hpp"

namespace slipway {

namespace {

std::string_view effect_of(Verb verb) {
    switch (verb) {
        case Verb::plan:
            return "plans again, at the present head";
        case Verb::apply:
            return "before the merge, where a stack allows it: applies; after the merge: confirms "
                   "what waits, and begins again what failed";
        case Verb::retry:
            return "plans again, after the merge from the branch's tip; `--failed`: only what "
                   "failed";
        case Verb::approve:
            return "approves the plans as they are shown";
        case Verb::reject:
            return "says no to them, which also takes back an approval";
        case Verb::cancel:
            return "undoes what can be undone now: takes out of the queue, stops a plan, discards "
                   "what waits";
        case Verb::resolve:
            return "says how an apply ended whose end nobody saw";
        case Verb::explain:
            return "shows which policies decided what, and why";
        case Verb::allow:
            return "lets plans of this pull request run providers that the tracked branch does not "
                   "use, which needs the role admin; or lets one commit of a fork be planned";
        case Verb::lock:
            return "keeps the stacks from being applied, for 24 hours or as long as `--for` says "
                   "(`30m`, `4h`, `2d`; at most 30 days); plans go on";
        case Verb::unlock:
            return "lifts the lock; for who set it, or the role admin";
        case Verb::drift:
        case Verb::destroy:
            return "";  // no commands of comments
        case Verb::help:
            return "shows this table";
    }
    return "";
}

}  // namespace

std::string help_text(const std::vector<CommandUsage>& usages, std::string_view command_word) {
    std::string out = "| Command | What it does |\n|---|---|\n";
    for (const auto& usage : usages) {
        out += "| `" + std::string(command_word) + " " + std::string(usage.word);
        if (!usage.arguments.empty()) out += ' ';
        for (const char c : usage.arguments) out += (c == '|' ? "\\" : "") + std::string(1, c);
        out += "` | " + std::string(effect_of(usage.verb)) + " |\n";
    }
    return out +
           "\nSTACK is a name, a pattern such as `prod-*`, `label:x` or `space:path`; without one, "
           "all stacks of the pull request are meant. `@PLAN` is the short digest beside a plan: "
           "then the command holds for that plan and no other. What follows `-- ` is kept as a "
           "note. A command stands on a line of its own, one per comment; editing a comment "
           "commands nothing.\n";
}

namespace mistakes {

std::string invisible_character() {
    return "The command contains an invisible character; please type it again.";
}

std::string say_how_it_ended(const std::string& applied, const std::string& failed) {
    return "Name the stack, and say how its apply ended: " + applied + " or " + failed + ".";
}

std::string how_to_allow(const std::string& provider, const std::string& commit) {
    return "What is allowed is a provider by its source, " + provider +
           ", or a fork's commit by at least seven digits: " + commit + ".";
}

std::string how_long_a_lock(const std::string& example) {
    return "How long a lock holds is said in seconds, minutes, hours or days, 30 days at most: " +
           example + ".";
}

std::string long_dash() { return "There is a long dash where two hyphens are meant: `-- note`."; }

std::string no_options() {
    return "This command knows no options. A note goes behind `-- `, with a space.";
}

std::string atlantis_options(std::string_view verb, const std::vector<std::string>& known,
                             const std::string& meant) {
    std::string out = "`atlantis " + std::string(verb) + "` has no such option";
    if (!meant.empty()) return out + "; did you mean `" + meant + "`?";
    if (known.empty()) return out + ": it has none.";
    out += "; it has ";
    for (std::size_t i = 0; i < known.size(); ++i)
        out += (i == 0 ? "`" : i + 1 < known.size() ? ", `" : " and `") + known[i] + "`";
    return out + ". What is for the tool itself is not passed on.";
}

std::string option_needs_value(std::string_view option) {
    return "`--" + std::string(option) + "` wants a value behind it.";
}

std::string project_goes_alone() {
    return "A project is named by `-p`, or by `-d` and `-w`, but not by both.";
}

std::string atlantis_version() {
    return "Which version planned a stack stands in its plan, and the stack's settings choose it; "
           "there is no command for it.";
}

std::string atlantis_import(std::string_view verb) {
    return "Slipway changes no state by hand, so there is no `" + std::string(verb) + "`. Write " +
           (verb == "import" ? "an `import` block" : "a `removed` or a `moved` block") +
           " into the configuration: it is planned, shown and applied like any other change.";
}

std::string too_many(std::size_t limit) {
    return "These are more than " + std::to_string(limit) +
           " stacks; a pattern such as `prod-*`, `label:x` or `space:path` names many.";
}

std::string how_a_plan_is_named() {
    return "A plan is named by its stack and at least four digits of its digest: `STACK@9f3c`.";
}

std::string quotes() { return "Names are written without quotes."; }

std::string curly_quotes() { return "Names are written without quotes, straight or curly."; }

std::string strange_character() {
    return "There is a character that is not a plain letter, digit or sign; if it looks like one, "
           "please type the name again.";
}

std::string meaningless(char character) {
    if (character == '`') return "A backtick has no meaning here.";
    return "`" + std::string(1, character) +
           "` has no meaning here; stacks are named by letters, digits and `-_./`, patterns by "
           "`*?[]{}` too.";
}

std::string too_long() { return "A stack's name is not as long as that."; }

std::string leads_out() { return "`..` leads out of the tree; stacks are named from its root."; }

std::string label_without_name() { return "`label:` wants a label behind it: `label:team-a`."; }

std::string did_you_mean(const std::string& typed, const std::string& example) {
    return "There is no command " + typed + "; did you mean " + example + "?";
}

std::string no_such_command(const std::string& typed, const std::string& help) {
    return "There is no command " + typed + "; " + help + " lists them all.";
}

std::string two_commands() {
    return "There are two commands in this comment, and none was done: one comment says one thing.";
}

std::string looks_like(const std::string& command_word) {
    return "The command's first word contains characters that only look like `" + command_word +
           "`; please type it again.";
}

}  // namespace mistakes

}  // namespace slipway
