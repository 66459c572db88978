// How a sentence is set: the same words for a page (Markdown) and for a terminal. Own words go in
// as they are, foreign ones through name(), code() or said().
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "service/model/stack.hpp"

namespace slipway {

enum class Medium { markdown, terminal };

class Voice {
  public:
    explicit Voice(Medium medium, bool colour = false) : medium_(medium), colour_(colour) {}
    Medium medium() const { return medium_; }
    bool colour() const { return colour_; }

    std::string name(std::string_view foreign) const;  // of a stack, a person, a policy
    std::string code(std::string_view foreign) const;  // an address, a path, an attribute
    std::string said(std::string_view foreign) const;  // a message, bounded
    std::string strong(std::string_view set) const;    // already set
    std::string command(std::string_view own) const;   // what to type
    std::string place(const Place& place) const;       // file:line
    std::string block(std::string_view foreign,
                      std::string_view language = "text") const;  // of lines
    std::string link(std::string_view own_word, std::string_view url) const;

  private:
    Medium medium_;
    bool colour_;
};

// Paragraphs of ours, with an empty line between them.
void add_paragraph(std::string& out, std::string_view paragraph);

inline constexpr std::size_t name_bytes = 160;     // of a name or address that is shown
inline constexpr std::size_t message_bytes = 600;  // of a message

}  // namespace slipway
