#include "handlers/runs/worker/masking.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <queue>

#include "handlers/runs/worker/secret_forms.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace {

// A secret longer than this is searched for in pieces, so that little is held back and a cut one is
// found.
constexpr std::size_t piece = 96;
constexpr std::size_t longest_key = 16 * 1024;

// What begins a token of a known shape; what follows in [A-Za-z0-9_-] belongs to it.
constexpr std::string_view token_beginnings[] = {
    "ghs_", "ghp_", "gho_",  "ghu_",  "ghr_",  "github_pat_", "glpat-", "gldt-", "glrt-",
    "AKIA", "ASIA", "xoxb-", "xoxp-", "xoxa-", "hvs.",        "hvb.",   "npm_",  "sk_live_"};
// A private key, up to its end line.
constexpr std::string_view key_beginnings[] = {
    "-----BEGIN PRIVATE KEY-----",          "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN EC PRIVATE KEY-----",       "-----BEGIN DSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----",  "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----"};
constexpr std::string_view key_ending = "-----END ";

bool is_token_byte(unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; }

// The pieces in which a long form is searched for: each as long as the others, the last reaching
// back.
void add_pieces(const std::string& form, std::vector<std::string_view>& out) {
    const std::string_view whole(form);
    if (whole.size() <= piece) return void(out.push_back(whole));
    for (std::size_t at = 0; at + piece <= whole.size(); at += piece)
        out.push_back(whole.substr(at, piece));
    out.push_back(whole.substr(whole.size() - piece));
}

}  // namespace

bool can_be_masked(std::string_view value) {
    if (value.size() < shortest_secret) return false;
    static constexpr std::string_view words[] = {"true", "false", "null", "none", "None", "True"};
    return std::find(std::begin(words), std::end(words), value) == std::end(words);
}

// --- the automaton
// --------------------------------------------------------------------------------------

struct Masker::Automaton {
    static constexpr std::uint32_t none = 0;
    struct Node {
        std::uint32_t child = none, sibling = none;  // the first child; the next of its parent
        std::uint32_t fail = 0;
        std::uint16_t depth = 0;
        std::uint16_t longest = 0;  // of the patterns that end here, here or by failing
        unsigned char byte = 0;
        std::uint8_t opens = 0;  // 1: a token, 2: a key
    };
    std::vector<Node> nodes{1};
    std::array<std::uint32_t, 256> first{};  // the root's children
    std::bitset<65536> beginnings;           // two bytes with which a pattern begins

    bool may_begin(unsigned char byte, unsigned char next) const {
        return beginnings[byte * 256u + next];
    }

    bool may_hold(std::string_view text) const {
        for (std::size_t i = 1; i < text.size(); ++i)
            if (may_begin(static_cast<unsigned char>(text[i - 1]),
                          static_cast<unsigned char>(text[i])))
                return true;
        return false;
    }

    std::uint32_t child_of(std::uint32_t at, unsigned char byte) const {
        if (at == 0) return first[byte];
        for (auto next = nodes[at].child; next != none; next = nodes[next].sibling)
            if (nodes[next].byte == byte) return next;
        return none;
    }
    std::uint32_t step(std::uint32_t at, unsigned char byte) const {
        for (;;) {
            if (const auto next = child_of(at, byte); next != none) return next;
            if (at == 0) return 0;
            at = nodes[at].fail;
        }
    }

    void add(std::string_view pattern, std::uint8_t opens) {
        beginnings.set(static_cast<unsigned char>(pattern[0]) * 256u +
                       static_cast<unsigned char>(pattern[1]));
        std::uint32_t at = 0;
        for (const char c : pattern) {
            const auto byte = static_cast<unsigned char>(c);
            auto next = child_of(at, byte);
            if (next == none) {
                next = static_cast<std::uint32_t>(nodes.size());
                Node node;
                node.byte = byte;
                node.depth = static_cast<std::uint16_t>(nodes[at].depth + 1);
                node.sibling = nodes[at].child;
                nodes.push_back(node);
                nodes[at].child = next;
                if (at == 0) first[byte] = next;
            }
            at = next;
        }
        nodes[at].longest = nodes[at].depth;
        nodes[at].opens = std::max(nodes[at].opens, opens);
    }

    void link() {
        std::queue<std::uint32_t> waiting;
        waiting.push(0);
        while (!waiting.empty()) {
            const auto at = waiting.front();
            waiting.pop();
            for (auto next = nodes[at].child; next != none; next = nodes[next].sibling) {
                auto& node = nodes[next];
                node.fail = at == 0 ? 0 : step(nodes[at].fail, node.byte);
                node.longest = std::max(node.longest, nodes[node.fail].longest);
                node.opens = std::max(node.opens, nodes[node.fail].opens);
                waiting.push(next);
            }
        }
    }
};

Masker::Masker(const std::vector<Secret>& secrets) {
    auto automaton = std::make_shared<Automaton>();
    std::vector<std::string> forms;
    for (const auto& secret : secrets) {
        const auto& text = secret.reveal();
        if (text.size() > longest_secret)
            throw Failure("a secret of more than 64 KB cannot be kept out of a run's log",
                          Retry::never);
        if (can_be_masked(text)) add_secret_forms(text, forms);
    }
    std::vector<std::string_view> patterns;
    for (const auto& form : forms) add_pieces(form, patterns);
    for (const auto pattern : patterns)
        if (pattern.size() >= shortest_secret) automaton->add(pattern, 0);
    for (const auto beginning : token_beginnings) automaton->add(beginning, 1);
    for (const auto beginning : key_beginnings) automaton->add(beginning, 2);
    automaton->link();
    automaton_ = std::move(automaton);
}
Masker::~Masker() = default;

std::string Masker::operator()(std::string_view text) const {
    if (!automaton_->may_hold(text)) return std::string(text);
    std::string out;
    MaskedStream stream(*this);
    stream.feed(text, out);
    stream.finish(out);
    return out;
}

bool Masker::finds_in(std::string_view text) const {
    std::string out;
    MaskedStream stream(*this);
    stream.feed(text, out);
    stream.finish(out);
    return stream.found_ != 0;
}

// --- the stream
// -----------------------------------------------------------------------------------------

MaskedStream::MaskedStream(const Masker& masker) : automaton_(masker.automaton()) {}
MaskedStream::~MaskedStream() = default;

// Inside a token or a key every byte is hidden, whether or not it is known.
bool MaskedStream::hidden_by_mode(unsigned char byte) {
    switch (mode_) {
        case Mode::text:
            return false;
        case Mode::token:
            if (is_token_byte(byte)) return true;
            break;
        case Mode::key:
            if (++mode_bytes_ > longest_key) break;
            if (held_.ends_with(key_ending)) mode_ = Mode::key_end;
            return true;
        case Mode::key_end:
            if (++mode_bytes_ <= longest_key && byte != '\n' && byte != '\\' && byte != '"')
                return true;
            break;
    }
    mode_ = Mode::text;
    return false;
}

void MaskedStream::emit(std::size_t count, std::string& out) {
    std::size_t at = 0;
    while (at < count) {
        const char kind = hidden_[at];
        auto end = hidden_.find(kind == '\0' ? '\1' : '\0', at);
        end = std::min(end, count);
        if (kind == '\0') {
            out.append(held_, at, end - at);
        } else if (!in_mask_) {
            out.append(mask);
            ++found_;
        }
        in_mask_ = kind != '\0';
        at = end;
    }
    held_.erase(0, count);
    hidden_.erase(0, count);
}

void MaskedStream::step(unsigned char byte, std::string& out) {
    const bool hidden = hidden_by_mode(byte);
    state_ = automaton_->step(state_, byte);
    held_.push_back(static_cast<char>(byte));
    hidden_.push_back(hidden ? '\1' : '\0');
    const auto& node = automaton_->nodes[state_];
    if (node.longest != 0) {
        const std::size_t length = std::min<std::size_t>(node.longest, held_.size());
        std::fill(hidden_.end() - static_cast<std::ptrdiff_t>(length), hidden_.end(), '\1');
        if (node.opens != 0 && mode_ != Mode::key && mode_ != Mode::key_end) {
            mode_ = node.opens == 2 ? Mode::key : Mode::token;
            mode_bytes_ = 0;
        }
    }
    // No later match can begin before the longest suffix that is still a prefix of a pattern. A key
    // needs its last bytes to see where it ends.
    const std::size_t needed = std::max<std::size_t>(
        node.depth, mode_ == Mode::key ? std::min(held_.size(), key_ending.size()) : 0);
    if (held_.size() > needed + 4096 || needed == 0) emit(held_.size() - needed, out);
}

void MaskedStream::feed(std::string_view bytes, std::string& out) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (state_ == 0 && mode_ == Mode::text && held_.empty()) {
            // The quick way: nothing is under way, and these bytes begin nothing.
            auto end = at;
            const auto* byte = reinterpret_cast<const unsigned char*>(bytes.data());
            while (end + 1 < bytes.size() && !automaton_->may_begin(byte[end], byte[end + 1]))
                ++end;
            if (end != at) {
                out.append(bytes, at, end - at);
                in_mask_ = false;
                at = end;
                continue;
            }
        }
        step(static_cast<unsigned char>(bytes[at++]), out);
    }
    const std::size_t depth = automaton_->nodes[state_].depth;
    const std::size_t needed = std::max<std::size_t>(
        depth, mode_ == Mode::key ? std::min(held_.size(), key_ending.size()) : 0);
    if (held_.size() > needed) emit(held_.size() - needed, out);
}

void MaskedStream::finish(std::string& out) {
    emit(held_.size(), out);
    state_ = 0;
    mode_ = Mode::text;
    in_mask_ = false;
}

}  // namespace slipway
