// One table says which words there are; the parser and the help read it. Everything that is not on
// a list of allowed characters is refused with a sentence, so that no argument ever needs quoting
// later on. A message repeats only words made of letters: it is shown on the page where the mistake
// was made.
#include "handlers/webhooks/comment_command.hpp"

#include <algorithm>
#include <array>

#include "handlers/webhooks/atlantis_options.hpp"
#include "handlers/webhooks/comment_lines.hpp"
#include "handlers/webhooks/comment_words.hpp"
#include "service/base/nearest.hpp"
#include "service/base/utf8.hpp"
#include "service/catalog/atlantis.hpp"
#include "service/model/provider.hpp"
#include "service/model/stack_lock.hpp"
#include "service/wording/commands.hpp"

namespace slipway {

namespace {

constexpr std::size_t target_limit = 100;  // targets in one command
constexpr std::size_t name_limit = 200;    // bytes of one target
constexpr std::size_t note_limit = 1'000;  // bytes
constexpr std::string_view atlantis_compatible = "atlantis";
constexpr std::string_view for_option = "--for";

struct Row {
    std::string_view word;
    Verb verb;
    std::string_view arguments;
    bool another_word = false;   // for the same; not in the help
    bool atlantis_only = false;  // only behind the word `atlantis`
};
constexpr std::array<Row, 19> table = {{
    {"plan", Verb::plan, "[STACK]…"},
    {"apply", Verb::apply, "[STACK[@PLAN]]…"},
    {"retry", Verb::retry, "[--failed] [STACK]…"},
    {"approve", Verb::approve, "[STACK[@PLAN]]…"},
    {"reject", Verb::reject, "[STACK[@PLAN]]…"},
    {"cancel", Verb::cancel, "[STACK]…"},
    {"resolve", Verb::resolve, "STACK applied|failed"},
    {"lock", Verb::lock, "[--for 4h] [STACK]…"},
    {"unlock", Verb::unlock, "[STACK]…"},
    {"explain", Verb::explain, "[STACK]…"},
    {"allow", Verb::allow, "provider SOURCE…|commit SHA"},
    {"help", Verb::help, ""},
    {"confirm", Verb::apply, "", true},
    {"discard", Verb::cancel, "", true},
    {"plan", Verb::plan, "", true, true},
    {"apply", Verb::apply, "", true, true},
    {"unlock", Verb::unlock, "", true, true},  // see CommentCommand::or_cancel
    {"approve_policies", Verb::approve, "", true, true},
    {"cancel", Verb::cancel, "", true, true},
}};

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

using Parsed = std::variant<CommentCommand, CommandMistake>;

class Grammar {
  public:
    explicit Grammar(std::string_view command_word)
        : word_(command_word), is_atlantis_(folded(command_word) == atlantis_compatible) {}

    Parsed parse(std::string_view line) const {
        for (std::size_t at = 0; at < line.size();) {
            const auto point = code_point_at(line, at);
            at += point.bytes;
            if (point.value == '\t') continue;
            if (point.value < 0x20 || point.value == 0x7F || point.value == replacement_character ||
                is_invisible(point.value))
                return mistake(mistakes::invisible_character());
        }
        const auto words = split(line);
        CommentCommand command;
        if (words.size() == 1) return command;
        const Row* row = find(folded(words[1].text));
        if (!row) return unknown_verb(words[1].text);
        PlaceOptions place;
        command.verb = row->verb;
        command.or_cancel = is_atlantis_ && command.verb == Verb::unlock;
        for (std::size_t i = 2; i < words.size(); ++i) {
            const auto text = words[i].text;
            if (text == "--") {
                command.note = note(line.substr(words[i].end));
                break;
            }
            if (command.verb == Verb::retry && text == "--failed") {
                command.only_failed = true;
                continue;
            }
            if (command.verb == Verb::lock && is_for(text)) {
                const bool joined = text != for_option;
                if (!joined && ++i == words.size()) return how_long_a_lock();
                const auto time = joined ? text.substr(for_option.size() + 1) : words[i].text;
                const auto lasts = parse_lock_duration(time);
                if (!lasts) return how_long_a_lock();
                command.lock_ms = *lasts;
                continue;
            }
            if (is_atlantis_ && text.starts_with("-")) {
                const auto next = i + 1 < words.size() ? words[i + 1].text : std::string_view();
                auto wrong = option(row->word, text, next, command, place);
                if (wrong) return *std::move(wrong);
                if (place.took_next) ++i;
                continue;
            }
            auto wrong = command.verb == Verb::allow
                             ? allowed(i > 2 ? words[2].text : "", text, command)
                             : argument(text, command);
            if (wrong) return *std::move(wrong);
        }
        if (place.named && !command.targets.empty()) return mistake(mistakes::project_goes_alone());
        if (place.named)
            command.targets.push_back(atlantis_place(place.directory, place.workspace));
        if (command.verb == Verb::allow && command.providers.empty() && command.commit.empty())
            return how_to_allow();
        if (command.verb == Verb::resolve) return resolved(std::move(command));
        return command;
    }

  private:
    // What -d and -w said so far.
    struct PlaceOptions {
        std::string_view directory, workspace;
        bool named = false;
        bool took_next = false;
    };

    std::optional<Parsed> option(std::string_view verb, std::string_view text,
                                 std::string_view next, CommentCommand& command,
                                 PlaceOptions& place) const {
        const auto read = atlantis_option(verb, text, next);
        if (const auto* wrong = std::get_if<CommandMistake>(&read)) return Parsed(*wrong);
        const auto& given = std::get<AtlantisOption>(read);
        place.took_next = given.took_next;
        if (given.which == AtlantisOption::Which::without_effect) return std::nullopt;
        if (auto wrong = pattern(given.value)) return wrong;
        if (given.which == AtlantisOption::Which::project)
            return argument(atlantis_key(given.value), command);
        place.named = true;
        (given.which == AtlantisOption::Which::directory ? place.directory : place.workspace) =
            given.value;
        return std::nullopt;
    }

    // `resolve STACK applied`: the last word says how it ended.
    Parsed resolved(CommentCommand command) const {
        if (!command.targets.empty() && command.targets.back().plan.empty())
            command.resolution = parse_word<Resolution>(folded(command.targets.back().pattern));
        if (!command.resolution || command.targets.size() < 2)
            return mistake(mistakes::say_how_it_ended(example("resolve", "STACK applied"),
                                                      example("resolve", "STACK failed")));
        command.targets.pop_back();
        return command;
    }

    static std::string note(std::string_view rest) {
        const auto words = split(rest);
        if (words.empty()) return {};
        const auto* first = words.front().text.data();
        const auto& last = words.back().text;
        const auto length = static_cast<std::size_t>(last.data() + last.size() - first);
        return std::string(utf8_prefix({first, length}, note_limit));
    }

    // `--for 4h` or `--for=4h`
    static bool is_for(std::string_view text) {
        return text == for_option ||
               (text.starts_with(for_option) && text.substr(for_option.size(), 1) == "=");
    }

    Parsed how_long_a_lock() const {
        return mistake(mistakes::how_long_a_lock(example("lock", "--for 4h STACK")));
    }

    Parsed how_to_allow() const {
        return mistake(mistakes::how_to_allow(example("allow", "provider NAMESPACE/TYPE"),
                                              example("allow", "commit SHA")));
    }

    // "provider" and sources, or "commit" and the first digits of one. `what`: the word before; "":
    // this is it.
    std::optional<Parsed> allowed(std::string_view what, std::string_view text,
                                  CommentCommand& command) const {
        const auto said = folded(text);
        if (what.empty())
            return said == "provider" || said == "commit" ? std::nullopt
                                                          : std::optional(how_to_allow());
        if (folded(what) == "commit") {
            const bool fits = said.size() >= 7 && said.size() <= 64 &&
                              std::all_of(said.begin(), said.end(), is_hex);
            if (!fits || !command.commit.empty()) return how_to_allow();
            command.commit = said;
            return std::nullopt;
        }
        if (said.size() > name_limit || !is_provider_source(said) ||
            command.providers.size() == target_limit)
            return how_to_allow();
        command.providers.push_back(said);
        return std::nullopt;
    }

    std::optional<Parsed> argument(std::string_view text, CommentCommand& command) const {
        if (text.starts_with("\xE2\x80\x93") || text.starts_with("\xE2\x80\x94"))
            return mistake(mistakes::long_dash());
        if (text.empty() || text.starts_with("-")) return mistake(mistakes::no_options());
        if (command.targets.size() == target_limit)
            return mistake(mistakes::too_many(target_limit));
        CommandTarget target;
        const auto at = text.find('@');
        target.pattern = std::string(text.substr(0, at));
        if (at != text.npos) {
            target.plan = folded(text.substr(at + 1));
            const bool fits = target.plan.size() >= 4 && target.plan.size() <= 64 &&
                              std::all_of(target.plan.begin(), target.plan.end(), is_hex);
            if (!fits || target.pattern.empty()) return mistake(mistakes::how_a_plan_is_named());
        }
        if (auto wrong = pattern(target.pattern)) return wrong;
        command.targets.push_back(std::move(target));
        return std::nullopt;
    }

    std::optional<Parsed> pattern(std::string_view text) const {
        for (std::size_t at = 0; at < text.size();) {
            const auto point = code_point_at(text, at);
            const char c = static_cast<char>(point.value);
            if (point.value >= 0x80) {
                const bool quote = point.value >= 0x2018 && point.value <= 0x201F;
                return mistake(quote ? mistakes::curly_quotes() : mistakes::strange_character());
            }
            if (c == '"' || c == '\'') return mistake(mistakes::quotes());
            if (!is_letter(c) && !is_digit(c) &&
                std::string_view("-_.:/+=,*?[]{}!").find(c) == text.npos)
                return mistake(mistakes::meaningless(c));
            at += point.bytes;
        }
        if (text.size() > name_limit) return mistake(mistakes::too_long());
        std::string_view rest = text;
        while (!rest.empty()) {
            const auto segment = rest.substr(0, rest.find('/'));
            if (segment == "..") return mistake(mistakes::leads_out());
            rest.remove_prefix(std::min(rest.size(), segment.size() + 1));
        }
        if (text == "label:") return mistake(mistakes::label_without_name());
        return std::nullopt;
    }

    const Row* find(std::string_view verb) const {
        for (const auto& row : table)
            if (row.word == verb && (row.atlantis_only == is_atlantis_ || row.verb == Verb::help))
                return &row;
        return nullptr;
    }

    Parsed unknown_verb(std::string_view typed) const {
        const auto verb = folded(typed);
        if (is_atlantis_)
            if (auto elsewhere = atlantis_verb_elsewhere(verb)) return *std::move(elsewhere);
        std::vector<std::string> known;
        for (const auto& row : table)
            if (row.atlantis_only == is_atlantis_ || row.verb == Verb::help)
                known.emplace_back(row.word);
        const auto meant = nearest(verb, known);
        std::string said = "this";
        if (verb.size() <= 24 && std::all_of(verb.begin(), verb.end(), is_letter))
            said = "`" + verb + "`";
        return mistake(meant ? mistakes::did_you_mean(said, example(*meant, ""))
                             : mistakes::no_such_command(said, example("help", "")));
    }

    std::string example(std::string_view verb, std::string_view argument) const {
        std::string out = "`" + std::string(word_) + " " + std::string(verb);
        if (!argument.empty()) out += " " + std::string(argument);
        return out + "`";
    }

    static Parsed mistake(std::string message) { return CommandMistake{std::move(message)}; }

    std::string_view word_;
    bool is_atlantis_;
};

}  // namespace

std::optional<std::variant<CommentCommand, CommandMistake>> parse_comment(
    std::string_view body, const std::vector<std::string>& command_words) {
    const auto lines = plain_lines(body);
    const bool single = std::count_if(lines.begin(), lines.end(),
                                      [](auto line) { return !split(line).empty(); }) == 1;
    std::optional<Parsed> found;
    for (const auto line : lines) {
        const auto words = split(line);
        if (words.empty()) continue;
        const auto first = folded(words[0].text);
        for (const auto& command_word : command_words) {
            const auto wanted = folded(command_word);
            const bool a_plain_word = !wanted.empty() && is_letter(wanted[0]);
            if (wanted.empty() || (a_plain_word && !single))
                continue;  // prose begins with words, too
            const bool same = first == wanted;
            if (!same && !looks_like(words[0].text, wanted)) continue;
            if (found) return CommandMistake{mistakes::two_commands()};
            if (same)
                found = Grammar(command_word).parse(line);
            else
                found = CommandMistake{mistakes::looks_like(command_word)};
            break;
        }
    }
    return found;
}

std::string command_help(std::string_view command_word) {
    std::vector<CommandUsage> usages;
    for (const auto& row : table)
        if (!row.another_word) usages.push_back({row.verb, row.word, row.arguments});
    return help_text(usages, command_word);
}

}  // namespace slipway
