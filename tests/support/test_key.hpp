// A private key of RSA as GitHub's Apps have one, made once for all tests of a program.
#pragma once
#include <doctest/doctest.h>

#include <cstdio>
#include <string>

namespace slipway {

inline std::string test_key() {
    static const std::string key = [] {
        std::string text;
        // The program that people make such keys with; its words about progress are no part of it.
        std::FILE* pipe = ::popen("openssl genrsa 2048 2>/dev/null", "r");
        REQUIRE(pipe);
        for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
        ::pclose(pipe);
        return text;
    }();
    return key;
}

}  // namespace slipway
