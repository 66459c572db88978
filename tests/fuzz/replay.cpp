// Plays files through a fuzz target without libFuzzer: each as it is, cut short, and with bytes
// exchanged, the same way every time. An empty corpus is a failure, not a success.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int mutilations = 100;

void play(const std::string& bytes) {
    // A copy of exactly this size, so that reading beyond it is noticed.
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void play_mutilated(const std::string& seed, std::mt19937& random) {
    for (int i = 0; i < mutilations && !seed.empty(); ++i) {
        auto bytes = seed.substr(0, i % 2 == 0 ? seed.size() : random() % seed.size());
        for (auto changes = random() % 4; changes > 0 && !bytes.empty(); --changes)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        play(bytes);
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::filesystem::path> seeds;
    for (int i = 1; i < argc; ++i)
        for (const auto& entry : std::filesystem::directory_iterator(argv[i]))
            if (entry.is_regular_file()) seeds.push_back(entry.path());
    std::sort(seeds.begin(), seeds.end());
    std::mt19937 random(1);
    play("");
    for (const auto& path : seeds) {
        std::ifstream in(path, std::ios::binary);
        const std::string seed(std::istreambuf_iterator<char>(in), {});
        play(seed);
        play_mutilated(seed, random);
    }
    std::printf("%zu files played\n", seeds.size());
    return seeds.empty() ? 1 : 0;
}
