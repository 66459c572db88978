// What people who come from Atlantis write behind a verb: -p, -d, -w, and options that mean nothing
// here. Pure.
#pragma once
#include <string>
#include <string_view>
#include <variant>

#include "handlers/webhooks/comment_command.hpp"

namespace slipway {

struct AtlantisOption {
    enum class Which { project, directory, workspace, without_effect };
    Which which = Which::without_effect;
    std::string_view value;
    bool took_next = false;  // the value is the next word
};

// `text` begins with a hyphen; `next`: the word behind it, "": there is none.
std::variant<AtlantisOption, CommandMistake> atlantis_option(std::string_view verb,
                                                             std::string_view text,
                                                             std::string_view next);

// The target that -d and -w name, as Atlantis completes them: the root, the workspace "default".
CommandTarget atlantis_place(std::string_view directory, std::string_view workspace);

// What to do here in the place of a verb that is Atlantis's alone ("version"); nullopt: it is none.
std::optional<CommandMistake> atlantis_verb_elsewhere(std::string_view verb);

}  // namespace slipway
