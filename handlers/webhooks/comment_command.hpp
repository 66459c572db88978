// The grammar of commands in comments (pure): own line, first word `/slipway` (or another), a verb,
// targets, options, and a note after `--`. Never from quotes, code blocks or HTML comments. `help`
// is generated from the same table.
//
//   /slipway VERB [STACK[@PLAN] | glob | label:x | space:path]… [--option]… [-- note]
//   /slipway allow provider SOURCE… [-- note]
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/model/request.hpp"

namespace slipway {

struct CommentCommand {
    Verb verb = Verb::help;
    std::vector<CommandTarget> targets;    // none: all concerned
    std::vector<std::string> providers;    // of `allow`, or
    std::string commit;                    // the first digits of a fork's commit
    bool only_failed = false;              // of `retry`
    std::int64_t lock_ms = 0;              // of `lock`; 0: as long as usual
    bool or_cancel = false;                // of `atlantis unlock`, which frees lanes, too
    std::optional<Resolution> resolution;  // of `resolve`
    std::string note;
    bool operator==(const CommentCommand&) const = default;
};

struct CommandMistake {
    std::string message;  // what was wrong and what to type instead
};

// nullopt: the comment holds no command. The first command line counts; a second one is a mistake.
std::optional<std::variant<CommentCommand, CommandMistake>> parse_comment(
    std::string_view body, const std::vector<std::string>& command_words);

std::string command_help(std::string_view command_word);  // markdown table

}  // namespace slipway
