// What is wrong with a text that is not valid YAML, in words for whoever wrote it. yaml-cpp names
// the rule of its grammar that was broken, and the place where it noticed, which is often not the
// place of the mistake.
#pragma once
#include <string>
#include <string_view>

#include "service/base/yaml.hpp"

namespace slipway {

// `reason` is yaml-cpp's; `at`, where it noticed. The error's place is the mistake's, and its
// message ends with the line as it is written.
YamlError yaml_mistake(std::string_view text, const Place& at, std::string_view reason);

// The same for messages of our own: `message`, and the line that `at` is on.
std::string with_line(std::string message, std::string_view text, const Place& at);

// The text from that place on; empty beyond its end. Columns count bytes.
std::string_view text_from(std::string_view text, const Place& at);

}  // namespace slipway
