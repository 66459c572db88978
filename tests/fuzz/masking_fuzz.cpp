// A secret never comes out of the masking, however the output is cut, coloured or filled.
#include "handlers/runs/worker/clean_text.hpp"
#include "handlers/runs/worker/masking.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway;

void fuzz_one(std::string_view bytes) {
    if (bytes.size() < 8) return;
    const std::size_t size = 4 + static_cast<unsigned char>(bytes[0]) % 60;
    const std::size_t step = 1 + static_cast<unsigned char>(bytes[1]) % 40;
    const std::string secret(bytes.substr(2, size));
    const std::string text = std::string(bytes.substr(2)) + secret + std::string(bytes);
    const Masker masker({Secret(secret)});
    MaskedStream stream(masker);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += step)
        stream.feed(std::string_view(text).substr(at, step), out);
    stream.finish(out);
    must(out == masker(text), "chunk borders change nothing");
    if (can_be_masked(secret) && secret.find('*') == secret.npos)
        must(out.find(secret) == out.npos, "the secret is gone");

    CleanText cleaner;
    std::string clean;
    for (std::size_t at = 0; at < bytes.size(); at += step)
        cleaner.feed(bytes.substr(at, step), clean);
    must(clean == clean_text(bytes), "nor do they here");
    for (const unsigned char c : clean)
        must((c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t', "no control characters");
}
