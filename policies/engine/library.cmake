# Writes the Rego files of policies/library into a source file, so that the program carries its default
# policies along: slipway_policy_library(OUTPUT).
function(slipway_policy_library output)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/policies/library
        ${CMAKE_SOURCE_DIR}/policies/library/*.rego)
    list(FILTER files EXCLUDE REGEX "_test\\.rego$")
    set(entries "")
    foreach(file ${files})
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
            ${CMAKE_SOURCE_DIR}/policies/library/${file})
        file(READ ${CMAKE_SOURCE_DIR}/policies/library/${file} text)
        string(APPEND entries "        {\"${file}\", R\"==rego==(${text})==rego==\"},\n")
    endforeach()
    file(CONFIGURE OUTPUT ${output} @ONLY CONTENT [[
#include "policies/engine/library.hpp"

namespace slipway {

const std::vector<LibraryPolicy>& policy_library() {
    static const std::vector<LibraryPolicy> all{
@entries@    };
    return all;
}

std::string_view library_policy(std::string_view path) {
    for (const auto& policy : policy_library())
        if (policy.path == path) return policy.text;
    return {};
}

}  // namespace slipway
]])
endfunction()
