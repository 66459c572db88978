// The grammar of commands in comments (pure): own line, first word `/slipway` (or another), a verb, targets,
// options, and a note after `--`. Never from quotes, code blocks or HTML comments. `help` is generated from
// the same table.
//
//   /slipway VERB [STACK[@PLAN] | glob | label:x | space:path]… [--option]… [-- note]
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/model/stack.hpp"

namespace slipway {

enum class Verb { plan, apply, approve, reject, cancel, explain, help };
constexpr std::array<std::string_view, 7> words_of(Verb) {
    return {"plan", "apply", "approve", "reject", "cancel", "explain", "help"};
}

struct CommandTarget {
    std::string pattern;  // name or glob; "label:x"; "space:path"
    std::string plan;     // digest prefix after @; "": none
    bool operator==(const CommandTarget&) const = default;
};

struct CommentCommand {
    Verb verb = Verb::help;
    std::vector<CommandTarget> targets;  // none: all concerned
    std::string note;
    bool operator==(const CommentCommand&) const = default;
};

struct CommandMistake {
    std::string message;  // what was wrong and what to type instead
};

// nullopt: the comment holds no command. The first command line counts; a second one is a mistake.
std::optional<std::variant<CommentCommand, CommandMistake>> parse_comment(
    std::string_view body, const std::vector<std::string>& command_words);

bool target_matches(const CommandTarget& target, const Stack& stack);
std::string command_help(std::string_view command_word);  // markdown table

}  // namespace slipway
