// What was typed wrong, in one sentence: CLI11 asks first whether something required is missing and
// never gets to the word that was misspelt.
#pragma once
#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace slipway {

// Of an `app` whose parsing ended in `error`: a sentence, and a line that says where to read on.
std::string usage_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace slipway
