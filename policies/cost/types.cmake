# Writes the files of policies/cost/types into a source file, so that the program carries along what
# it knows of prices' units: slipway_cost_types(OUTPUT).
function(slipway_cost_types output)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/policies/cost/types
        ${CMAKE_SOURCE_DIR}/policies/cost/types/*.yaml)
    list(SORT files)
    set(entries "")
    foreach(file ${files})
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
            ${CMAKE_SOURCE_DIR}/policies/cost/types/${file})
        file(READ ${CMAKE_SOURCE_DIR}/policies/cost/types/${file} text)
        string(APPEND entries "        {\"${file}\", R\"==yaml==(${text})==yaml==\"},\n")
    endforeach()
    file(CONFIGURE OUTPUT ${output} @ONLY CONTENT [[
#include "policies/cost/type_library.hpp"

namespace slipway::cost {

const std::vector<TypeText>& type_texts() {
    static const std::vector<TypeText> all{
@entries@    };
    return all;
}

}  // namespace slipway::cost
]])
endfunction()
