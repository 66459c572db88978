// Comments of strangers: whatever is written, reading it ends, and what is taken for a command is
// made of allowed characters only.
#include <string_view>

#include "handlers/webhooks/comment_command.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway;

namespace {
bool is_allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.:/+=,*?[]{}!").find(c) != std::string_view::npos;
}
}  // namespace

void fuzz_one(std::string_view bytes) {
    static const std::vector<std::string> words = {"/slipway", "atlantis"};
    const auto parsed = parse_comment(bytes, words);
    if (!parsed) return;
    if (const auto* mistake = std::get_if<CommandMistake>(&*parsed)) {
        must(!mistake->message.empty(), "a refusal has a reason");
        for (char c : mistake->message) must(c >= 0x20 && c < 0x7F, "nothing foreign is repeated");
        must(!parse_comment(mistake->message, words), "a refusal commands nothing");
        return;
    }
    const auto& command = std::get<CommentCommand>(*parsed);
    must(command.note.size() <= 1000, "a note is bounded");
    for (const auto& target : command.targets) {
        const auto& named = target.pattern.empty() ? target.directory : target.pattern;
        must(!named.empty() && named[0] != '-', "a target is not an option");
        for (const auto* text : {&target.directory, &target.workspace})
            for (char c : *text) must(is_allowed(c), "a place is made of allowed characters");
        for (char c : target.pattern) must(is_allowed(c), "a target is made of allowed characters");
        for (char c : target.plan)
            must((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'), "a digest is hex");
    }
}
