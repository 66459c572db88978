// The shape of a fuzz target: NAME_fuzz.cpp includes this, defines fuzz_one(), and says with must()
// what holds for any bytes. Under clang libFuzzer drives it; everywhere else replay.cpp plays its
// corpus.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

void fuzz_one(std::string_view bytes);

inline void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz_one({reinterpret_cast<const char*>(data), size});
    return 0;
}
