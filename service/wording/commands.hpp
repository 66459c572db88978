// What the help says of each command in a comment, and what is answered to one that cannot be
// understood: what was wrong, and what to type instead.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "service/model/request.hpp"

namespace slipway {

struct CommandUsage {
    Verb verb = Verb::help;
    std::string_view word, arguments;
};
std::string help_text(const std::vector<CommandUsage>& usages, std::string_view command_word);

// `example` and the like are set already: "`/slipway plan STACK`".
namespace mistakes {

std::string invisible_character();
std::string say_how_it_ended(const std::string& applied, const std::string& failed);
std::string how_to_allow(const std::string& provider, const std::string& commit);
std::string how_long_a_lock(const std::string& example);
std::string long_dash();
std::string no_options();
// `known`: the options that the verb has; `meant`: the one that is near, "": none is.
std::string atlantis_options(std::string_view verb, const std::vector<std::string>& known,
                             const std::string& meant);
std::string option_needs_value(std::string_view option);
std::string project_goes_alone();
// In the place of commands that Atlantis has.
std::string atlantis_version();
std::string atlantis_import(std::string_view verb);
std::string too_many(std::size_t limit);
std::string how_a_plan_is_named();
std::string quotes();
std::string curly_quotes();
std::string strange_character();
std::string meaningless(char character);
std::string too_long();
std::string leads_out();
std::string label_without_name();
std::string did_you_mean(const std::string& typed, const std::string& example);
std::string no_such_command(const std::string& typed, const std::string& help);
std::string two_commands();
std::string looks_like(const std::string& command_word);

}  // namespace mistakes

}  // namespace slipway
