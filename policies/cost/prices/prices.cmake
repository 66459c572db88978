# Packs the price tables of tables/ while the program is built and places them in its read-only section:
# slipway_embed_prices(TARGET). The packed table is mapped with the program, never copied.
function(slipway_embed_prices target)
    set(folder ${CMAKE_SOURCE_DIR}/policies/cost/prices)
    set(packed ${CMAKE_BINARY_DIR}/generated/built_in_prices.bin)
    file(GLOB tables CONFIGURE_DEPENDS ${folder}/tables/*.prices)
    add_executable(compile-prices ${folder}/compiler/main.cpp)
    target_link_libraries(compile-prices PRIVATE slipway_prices)
    add_custom_command(OUTPUT ${packed}
        # It leaks nothing that matters, and where it runs under a tracer LeakSanitizer gives up.
        COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0
            $<TARGET_FILE:compile-prices> ${folder}/tables/sources.txt ${packed} ${tables}
        DEPENDS compile-prices ${folder}/tables/sources.txt ${tables} VERBATIM)
    set(source ${CMAKE_BINARY_DIR}/generated/built_in_prices_data.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
// The packed price table (policies/cost/prices/prices.cmake).
__asm__(".section .rodata\n"
        ".balign 8\n"
        ".global slipway_built_in_prices_begin\n"
        ".global slipway_built_in_prices_end\n"
        "slipway_built_in_prices_begin:\n"
        ".incbin \"@packed@\"\n"
        "slipway_built_in_prices_end:\n"
        ".byte 0\n"
        ".global slipway_gcp_shapes_begin\n"
        ".global slipway_gcp_shapes_end\n"
        "slipway_gcp_shapes_begin:\n"
        ".incbin \"@folder@/tables/gcp-shapes.csv\"\n"
        "slipway_gcp_shapes_end:\n"
        ".byte 0\n"
        ".text\n");
]])
    # The compiler does not tell ninja, or ccache, of what .incbin reads.
    set_source_files_properties(${source} PROPERTIES
        OBJECT_DEPENDS "${packed};${folder}/tables/gcp-shapes.csv" SKIP_PRECOMPILE_HEADERS ON)
    add_library(slipway_built_in_prices OBJECT ${source} ${packed})
    set_target_properties(slipway_built_in_prices PROPERTIES CXX_COMPILER_LAUNCHER "")
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:slipway_built_in_prices>)
endfunction()
