// Names that people give on the built-in forge. They become refs, file names, commit authors and
// lines of a terminal, so what could be read as something else is refused; a title, which comes
// from a commit, is made fit instead.
#pragma once
#include <string>
#include <string_view>

namespace slipway {

// Each throws Failure(never) with a sentence for whoever wrote the name.
void check_topic(std::string_view topic);
void check_branch(std::string_view branch);
void check_person(std::string_view login);
void check_comment(std::string_view text);
// A path below the forge's root, without .git.
void check_repository_path(std::string_view path);

// One line without control characters, at most 200 characters; `otherwise` where nothing is left.
std::string fit_title(std::string_view subject, std::string_view otherwise);

}  // namespace slipway
