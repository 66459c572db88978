#include "service/wording/voice.hpp"

#include "service/base/utf8.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/report.hpp"

namespace slipway {

namespace {
std::string short_name(std::string_view foreign) {
    return shortened_in_the_middle(one_line(foreign), name_bytes);
}
}  // namespace

std::string Voice::name(std::string_view foreign) const {
    return medium_ == Medium::markdown ? escape_markdown(short_name(foreign)) : short_name(foreign);
}

std::string Voice::code(std::string_view foreign) const {
    return medium_ == Medium::markdown ? code_span(short_name(foreign)) : short_name(foreign);
}

std::string Voice::said(std::string_view foreign) const {
    auto text = one_line(foreign);
    if (text.size() > message_bytes) text = std::string(utf8_prefix(text, message_bytes)) + "…";
    while (text.ends_with('.')) text.pop_back();
    return medium_ == Medium::markdown ? sentence(text) : text;
}

std::string Voice::strong(std::string_view set) const {
    if (medium_ == Medium::markdown) return "**" + std::string(set) + "**";
    return colour_ ? "\x1B[1m" + std::string(set) + "\x1B[0m" : std::string(set);
}

std::string Voice::command(std::string_view own) const {
    return medium_ == Medium::markdown ? code_span(own) : "`" + one_line(own) + "`";
}

std::string Voice::place(const Place& place) const {
    if (place.file.empty()) return {};
    return code(place.line > 0 ? place.file + ":" + std::to_string(place.line) : place.file);
}

std::string Voice::block(std::string_view foreign, std::string_view language) const {
    if (medium_ == Medium::markdown) {
        auto out = fenced(foreign, language);
        out.pop_back();
        return out;
    }
    std::string out = "    ";
    for (char c : printable(foreign)) {
        out += c;
        if (c == '\n') out += "    ";
    }
    while (out.ends_with(' ') || out.ends_with('\n')) out.pop_back();
    return out;
}

std::string Voice::link(std::string_view own_word, std::string_view url) const {
    return medium_ == Medium::markdown ? link_to(own_word, url)
                                       : std::string(own_word) + ": " + one_line(url);
}

void add_paragraph(std::string& out, std::string_view paragraph) {
    if (paragraph.empty()) return;
    if (!out.empty()) out += "\n\n";
    out += paragraph;
}

}  // namespace slipway
