// Holds the sources to the house: who may include whom, which library lives where, what lies at the
// top, how a file opens, how long it grows, the expression that this compiler gets wrong, and that
// a trust rule which is cited is defined. The rules are functions over a map of files, so that the
// test can plant each mistake and see it found.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Files = std::map<std::string, std::string>;  // path from the top → text
using Troubles = std::vector<std::string>;

constexpr long line_limit = 350;

// Where functions are held to a size, too.
constexpr long function_limit = 60;
const std::vector<std::string> small_folders = {
    "handlers/webhooks/", "handlers/runs/control/", "handlers/runs/gateway/",
    "handlers/report/",   "handlers/api/",          "queue/",
    "service/app/",       "handlers/runs/lifecycle"};

// Sentences that are written outside service/wording, by file or folder: a number may only fall.
// What is left are errors of a protocol, of a tool or of a configuration, which people read where
// they occur, and the API's own description.
const std::map<std::string, int> sentences_left = {
    {"handlers/api/access.cpp", 4},
    {"handlers/api/asking.cpp", 1},
    {"handlers/api/openapi.cpp", 10},
    {"handlers/api/run_page.cpp", 7},
    {"handlers/api/runs.cpp", 3},
    {"handlers/api/tokens.cpp", 4},
    {"handlers/forges/", 55},
    {"handlers/runs/control/in_process_gateway.cpp", 1},  // why a job was given back, for the log
    {"handlers/runs/gateway/", 15},
    {"handlers/runs/worker/", 90},
    {"handlers/webhooks/receive.cpp", 2},
    {"policies/approval.cpp", 3},
    {"policies/plan.cpp", 1},
    {"policies/policies.cpp", 1},
    {"policies/push.cpp", 3}};

const std::set<std::string> top_entries = {
    "CHANGELOG.md", "CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "service",
    "handlers",     "queue",          "policies",          "tests",   "deploy"};

// A room of the house: its folder, and the rooms whose front doors it may open besides model and
// base.
struct Room {
    std::string folder;
    std::set<std::string> opens;
    std::set<std::string> only_doors;  // where not every header directly in the folder is one
};

const std::map<std::string, Room> rooms = {
    {"model", {"service/model", {}, {}}},
    {"base", {"service/base", {}, {}}},
    {"wording", {"service/wording", {}, {}}},
    {"net", {"service/net", {}, {}}},
    {"process", {"service/process", {}, {}}},
    {"git", {"service/git", {"process"}, {}}},
    {"blobs", {"service/blobs", {"net"}, {}}},
    {"catalog", {"service/catalog", {"git", "process"}, {}}},
    {"policies", {"policies", {"process", "cost"}, {}}},
    {"cost", {"policies/cost", {}, {}}},
    {"queue", {"queue", {"process"}, {}}},
    {"forges", {"handlers/forges", {"net", "git"}, {"handlers/forges/forge.hpp"}}},
    {"webhooks",
     {"handlers/webhooks",
      {"net", "forges", "queue", "policies", "catalog", "git", "lifecycle", "wording"},
      {}}},
    {"gateway", {"handlers/runs/gateway", {}, {}}},
    {"lifecycle", {"handlers/runs", {"queue"}, {"handlers/runs/lifecycle.hpp"}}},
    {"control",
     {"handlers/runs/control",
      {"lifecycle", "gateway", "queue", "policies", "cost", "git", "blobs", "catalog", "wording"},
      {"handlers/runs/control/control.hpp"}}},
    {"worker", {"handlers/runs/worker", {"gateway", "process", "net"}, {}}},
    {"report", {"handlers/report", {"forges", "queue", "blobs", "wording"}, {}}},
    {"api", {"handlers/api", {"queue", "policies", "catalog", "net", "blobs", "wording"}, {}}},
    {"app", {"service/app", {}, {}}}};

// Where a library, or a call that belongs to one folder, may be spoken to.
struct Home {
    std::string name;
    std::regex use;
    std::vector<std::string> places;  // beginnings of paths
    std::size_t at_most = 1000;       // files
};

const std::vector<Home>& homes() {
    static const std::vector<Home> all = {
        {"Beast", std::regex("#include <boost/beast"), {"service/net/"}, 2},
        {"TLS", std::regex("#include <(boost/asio/ssl|openssl/ssl)"), {"service/net/"}},
        {"libcurl", std::regex("#include <curl/"), {"service/net/http_transfer.hpp"}},
        {"hiredis", std::regex("#include <hiredis"), {"queue/redis/"}},
        {"libgit2", std::regex("#include <git2"), {"service/git/"}},
        {"RapidJSON", std::regex("#include <rapidjson"), {"service/base/json"}},
        {"yaml-cpp", std::regex("#include <yaml-cpp"), {"service/base/yaml.cpp"}},
        {"OpenSSL's digests", std::regex("#include <openssl/(?!ssl)"), {"service/base/"}},
        {"libsodium", std::regex("#include <sodium"), {"service/base/"}},
        {"prometheus-cpp", std::regex("#include <prometheus/"), {"service/base/metrics.cpp"}},
        {"spdlog", std::regex("#include <spdlog"), {"service/base/log.cpp"}},
        {"libseccomp", std::regex("#include <seccomp"), {"service/process/"}},
        {"lz4", std::regex("#include <lz4"), {"queue/"}},
        {"CLI11", std::regex("#include <CLI/"), {"service/app/"}},
        {"Boost.Process", std::regex("#include <boost/process"), {}},
        {"a certain tool",
         std::regex("\\bToolKind::"),
         {"service/model/tool.hpp", "handlers/runs/worker/tools/drivers.cpp"}},
        {"the starting of programs",
         std::regex("\\b(posix_spawnp?|fork|vfork|popen|execvp?e?|system) *\\("),
         {"service/process/"}}};
    return all;
}

bool is_below(const std::string& path, const std::string& folder) {
    return path.starts_with(folder + "/");
}

bool is_cpp(const std::string& path) { return path.ends_with(".cpp") || path.ends_with(".hpp"); }

bool is_source(const std::string& path) {
    return is_cpp(path) && !path.starts_with("tests/") && !path.starts_with("deploy/");
}

// The innermost room; "" outside the house.
std::string room_of(const std::string& path) {
    std::string found;
    std::size_t longest = 0;
    for (const auto& [name, room] : rooms)
        if (is_below(path, room.folder) && room.folder.size() > longest) {
            found = name;
            longest = room.folder.size();
        }
    return found;
}

std::vector<std::string> quoted_includes(const std::string& text) {
    static const std::regex include("(^|\n) *#include +\"([^\"]*)\"");
    std::vector<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), include), end; at != end; ++at)
        found.push_back((*at)[2]);
    return found;
}

// Why `path` may not include `other`; "" where it may.
std::string include_trouble(const std::string& path, const std::string& other) {
    const auto from = room_of(path), to = room_of(other);
    if (from.empty()) return "lies in no room of the house";
    if (to.empty()) return "includes \"" + other + "\", which lies in no room of the house";
    if (from == to || from == "app") return "";
    const auto& own = rooms.at(from);
    const auto& room = rooms.at(to);
    const bool everybodys = to == "model" || (to == "base" && from != "model");
    const bool forge =
        other == "handlers/forges/forge.hpp" && path.starts_with("handlers/") && from != "worker";
    if (to == "app" || (!everybodys && !forge && !own.opens.contains(to)))
        return "includes \"" + other + "\", but " + from + " may not open " + to;
    const bool directly = other.rfind('/') == room.folder.size();
    const bool door = room.only_doors.empty() ? directly : room.only_doors.contains(other);
    return door ? "" : "includes \"" + other + "\", which is private to " + room.folder;
}

// Comments and the insides of texts as spaces, so that only code is looked at.
std::string code_only(std::string text) {
    enum class In { code, line, block, string, character } in = In::code;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i], next = i + 1 < text.size() ? text[i + 1] : '\0';
        if (in == In::code) {
            if (c == '/' && next == '/') in = In::line;
            if (c == '/' && next == '*') in = In::block;
            if (c == '"') in = In::string;
            if (c == '\'' && !(i > 0 && std::isalnum(static_cast<unsigned char>(text[i - 1]))))
                in = In::character;
            if (in == In::line || in == In::block) text[i] = ' ';
            continue;
        }
        const bool ends = (in == In::line && c == '\n') || (in == In::string && c == '"') ||
                          (in == In::character && c == '\'');
        if (in == In::block && c == '*' && next == '/') {
            text[i] = text[i + 1] = ' ';
            ++i;
            in = In::code;
        } else if (ends) {
            in = In::code;
        } else {
            if (c == '\\' && in != In::line && in != In::block) text[i++] = ' ';
            if (i < text.size() && text[i] != '\n') text[i] = ' ';
        }
    }
    return text;
}

std::size_t skip_braces(const std::string& code, std::size_t open);

// A text in the source: where it begins and ends, and what it says. Neighbours are one.
struct Literal {
    std::size_t begin = 0, end = 0;
    std::string text;
};

std::vector<Literal> literals_of(const std::string& source) {
    const auto code = code_only(source);
    std::vector<Literal> found;
    for (std::size_t i = 0; i < code.size(); ++i) {
        if (code[i] != '"') continue;
        const auto close = code.find('"', i + 1);
        if (close == code.npos) break;
        const auto text = source.substr(i + 1, close - i - 1);
        const bool joined = !found.empty() && code.find_first_not_of(" \n", found.back().end) ==
                                                  i;  // nothing between but space
        if (joined) {
            found.back().end = close + 1;
            found.back().text += text;
        } else {
            found.push_back({i, close + 1, text});
        }
        i = close;
    }
    return found;
}

std::size_t words_in(const std::string& text) {
    std::istringstream in(text);
    std::size_t count = 0;
    for (std::string word; in >> word;)
        count += std::any_of(word.begin(), word.end(),
                             [](unsigned char c) { return std::isalpha(c) != 0; });
    return count;
}

// The statement that the place belongs to, as far as it is written before it.
std::string statement_before(const std::string& code, std::size_t at) {
    std::size_t begin = 0;
    for (const char* end : {";", "{\n", "}\n"})
        if (const auto found = code.rfind(end, at); found != code.npos)
            begin = std::max(begin, found + 1);
    return code.substr(begin, at - begin);
}

// Literals of four words and more that are neither logged nor thrown.
std::vector<std::size_t> sentences_in(const std::string& source) {
    static const std::regex elsewhere(
        "#include|\\b(log_\\w+|Failure|ForgeLags|Overtaken|counter|gauge|histogram)\\b");
    const auto code = code_only(source);
    std::vector<std::size_t> found;
    for (const auto& literal : literals_of(source))
        if (words_in(literal.text) >= 4 &&
            !std::regex_search(statement_before(code, literal.begin), elsewhere))
            found.push_back(literal.begin);
    return found;
}

long line_of(const std::string& text, std::size_t at) {
    return std::count(text.begin(), text.begin() + static_cast<long>(at), '\n') + 1;
}

// State is data, and only service/wording turns it into sentences.
void check_sentences(const Files& files, Troubles& troubles) {
    std::map<std::string, int> found;
    std::map<std::string, std::string> last;
    for (const auto& [path, text] : files) {
        const bool policy = is_below(path, "policies") && path.find('/', 9) == path.npos;
        if (!is_cpp(path) || (!is_below(path, "handlers") && !policy)) continue;
        std::string place = path;
        for (const auto& [left, number] : sentences_left)
            if (path.starts_with(left)) place = left;
        for (const auto at : sentences_in(text)) {
            ++found[place];
            last[place] = path + ":" + std::to_string(line_of(text, at));
        }
    }
    for (const auto& [place, number] : found) {
        const auto left = sentences_left.find(place);
        const int allowed = left == sentences_left.end() ? 0 : left->second;
        if (number > allowed)
            troubles.push_back(last[place] + ": " + std::to_string(number) + " sentences in " +
                               place + ", but " + std::to_string(allowed) +
                               " may be there: let service/wording say it");
    }
}

// Functions by the line on which they begin, and how many lines they have. A brace that is opened
// where only namespaces and types are open, behind a parameter list, is a function's.
std::vector<std::pair<long, long>> functions_of(const std::string& source) {
    static const std::regex scope(
        "^\\s*(template *<.*>\\s*)?(inline )?(namespace|class|struct|enum|union)\\b");
    static const std::regex access("^\\s*(public|private|protected):");
    const auto code = code_only(source);
    std::vector<std::pair<long, long>> found;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < code.size(); ++i) {
        if (code[i] == '#' && (i == 0 || code[i - 1] == '\n')) begin = i = code.find('\n', i);
        if (i == code.npos) break;
        if (code[i] == ';' || code[i] == '}') begin = i + 1;
        if (code[i] != '{') continue;
        auto head = code.substr(begin, i - begin);
        if (std::smatch label; std::regex_search(head, label, access)) {
            begin += static_cast<std::size_t>(label.length());
            head = label.suffix();
        }
        begin = std::min(code.find_first_not_of(" \n", begin), i);
        const auto first = line_of(code, begin);
        begin = i + 1;
        if (std::regex_search(head, scope) && head.find('(') == head.npos) continue;
        const auto close = skip_braces(code, i);
        if (head.find('(') != head.npos)
            found.emplace_back(first, line_of(code, close) - first + 1);
        i = close == code.size() ? close - 1 : close;
        begin = i + 1;
    }
    return found;
}

void check_functions(const std::string& path, const std::string& text, Troubles& troubles) {
    const bool policy = is_below(path, "policies") && path.find('/', 9) == path.npos;
    const bool small =
        policy || std::any_of(small_folders.begin(), small_folders.end(),
                              [&](const auto& one) { return path.starts_with(one); });
    if (!small) return;
    for (const auto& [line, length] : functions_of(text))
        if (length > function_limit)
            troubles.push_back(path + ":" + std::to_string(line) + ": a function of " +
                               std::to_string(length) + " lines, more than " +
                               std::to_string(function_limit) + "; split it");
}

std::size_t skip_braces(const std::string& code, std::size_t open) {
    int depth = 0;
    for (std::size_t i = open; i < code.size(); ++i) {
        if (code[i] == '{') ++depth;
        if (code[i] == '}' && --depth == 0) return i;
    }
    return code.size();
}

// "Type" or "Type<…>" with a capital letter right before the brace at `open`.
bool names_a_type(const std::string& code, std::size_t open) {
    static const std::regex type("\\b[A-Z]\\w*(<[^<>]*>)?$");
    const auto from = open < 120 ? 0 : open - 120;
    return std::regex_search(code.substr(from, open - from), type);
}

// [x], [=] and [a, b = c] keep copies; [], [&], [&x] and [this] do not.
bool captures_by_value(const std::string& code, std::size_t open) {
    const auto before = code.find_last_not_of(" \n", open - 1);
    if (before != code.npos && code[before] != '(' && code[before] != ',' && code[before] != '=')
        return false;  // an index
    const auto list = code.substr(open + 1, code.find(']', open) - open - 1);
    static const std::regex by_value("(^|,) *(?!&|this\\b)\\S");
    return std::regex_search(list, by_value);
}

// What the compiler destroys twice, in the operand of a co_await.
std::string awaited_temporary(const std::string& code, std::size_t from) {
    int depth = 0;
    for (std::size_t i = from; i < code.size() && code[i] != ';' && depth >= 0; ++i) {
        if (code[i] == '(') ++depth;
        if (code[i] == ')') --depth;
        if (code[i] == '[' && captures_by_value(code, i)) return "a lambda that captures by value";
        if (code[i] == '{') {
            if (names_a_type(code, i)) return "a temporary made with braces";
            i = skip_braces(code, i);
        }
    }
    return "";
}

void check_awaits(const std::string& path, const std::string& text, Troubles& troubles) {
    const auto code = code_only(text);
    for (auto at = code.find("co_await"); at != code.npos; at = code.find("co_await", at + 8)) {
        const auto what = awaited_temporary(code, at + 8);
        if (what.empty()) continue;
        const auto line = std::count(code.begin(), code.begin() + static_cast<long>(at), '\n') + 1;
        troubles.push_back(path + ":" + std::to_string(line) + ": co_await on " + what +
                           "; name it first, then std::move it");
    }
}

// "queue/x.cpp" and "tests/queue/x_test.cpp" may leave it to "queue/x.hpp" to say why.
bool opens_with_own_header(const std::string& path, const std::string& text, const Files& files) {
    static const std::regex first_include("^#include \"([^\"]*)\"");
    std::smatch include;
    if (!std::regex_search(text, include, first_include)) return false;
    const auto header = files.find(include[1]);
    const auto named = std::regex_replace(path, std::regex("^.*/|(_test)?\\.cpp$"), "") + ".hpp";
    return header != files.end() && header->second.starts_with("//") &&
           header->first.ends_with("/" + named);
}

void check_opening(const std::string& path, const std::string& text, const Files& files,
                   Troubles& troubles) {
    static const std::map<std::string, std::string> marks = {
        {".cpp", "//"}, {".hpp", "//"}, {".go", "//"},  {".rego", "#"},
        {".lua", "--"}, {".ts", "//"},  {".tsx", "//"}, {".sh", "#!"}};
    const auto mark = marks.find(std::filesystem::path(path).extension().string());
    if (mark == marks.end() || path.find("/fixtures/") != path.npos || path.ends_with("_test.go") ||
        path.ends_with("_test.rego"))
        return;
    if (!text.starts_with(mark->second) && !opens_with_own_header(path, text, files))
        troubles.push_back(path + ": opens without a comment on why it exists");
}

void check_source(const std::string& path, const std::string& text, Troubles& troubles) {
    for (const auto& other : quoted_includes(text))
        if (const auto trouble = include_trouble(path, other); !trouble.empty())
            troubles.push_back(path + ": " + trouble);
    const auto lines = std::count(text.begin(), text.end(), '\n');
    if (lines > line_limit)
        troubles.push_back(path + ": " + std::to_string(lines) + " lines, more than " +
                           std::to_string(line_limit) + "; split it");
    if (text.find("TO"
                  "DO") != text.npos ||
        text.find("FIX"
                  "ME") != text.npos)
        troubles.push_back(path + ": finish it or leave it out");
}

void check_homes(const Files& files, Troubles& troubles) {
    for (const auto& home : homes()) {
        std::size_t used = 0;
        for (const auto& [path, text] : files) {
            if (!is_source(path) || !std::regex_search(code_only(text), home.use)) continue;
            ++used;
            const bool at_home =
                std::any_of(home.places.begin(), home.places.end(),
                            [&path = path](const auto& place) { return path.starts_with(place); });
            if (!at_home)
                troubles.push_back(path + ": " + home.name + " is not at home here");
            else if (used > home.at_most)
                troubles.push_back(path + ": one file too many speaks to " + home.name);
        }
    }
}

// The types of a file that others could meet, by their full names; those in namespaces without a
// name are its own.
std::vector<std::string> type_names(const std::string& text) {
    static const std::regex opens("^namespace ?([\\w:]*) ?\\{$"),
        closes("^\\}  // namespace\\b.*$"),
        type("^(?:struct|class|union|enum class) (\\w+)(?: final)?(?: :[^:].*)? ?\\{.*$");
    std::vector<std::string> found, spaces;
    std::istringstream lines(text);
    std::smatch match;
    for (std::string line; std::getline(lines, line);) {
        if (std::regex_match(line, match, opens))
            spaces.push_back(match[1]);
        else if (std::regex_match(line, closes) && !spaces.empty())
            spaces.pop_back();
        else if (std::regex_match(line, match, type) &&
                 std::ranges::find(spaces, "") == spaces.end()) {
            std::string name;
            for (const auto& space : spaces) name += space + "::";
            found.push_back(name + match[1].str());
        }
    }
    return found;
}

// The linker takes one of two equal names for both, without a word.
void check_type_names(const Files& files, Troubles& troubles) {
    std::map<std::string, std::string> seen;
    for (const auto& [path, text] : files) {
        if (!is_source(path)) continue;
        for (const auto& name : type_names(text))
            if (const auto [first, fresh] = seen.try_emplace(name, path); !fresh)
                troubles.push_back(path + ": another " + name + " is in " + first->second);
    }
}

// The rooms that this one may open, and those that they may.
std::set<std::string> rooms_within_reach(const std::string& room) {
    std::set<std::string> found{room, "model", "base"};
    std::vector<std::string> todo{room};
    while (!todo.empty()) {
        const auto opens = rooms.at(todo.back()).opens;
        todo.pop_back();
        for (const auto& next : opens)
            if (found.insert(next).second) todo.push_back(next);
    }
    return found;
}

// A header of another room that includes what this room may not know, and so on.
void check_reach(const Files& files, Troubles& troubles) {
    std::map<std::string, std::vector<std::string>> included;
    for (const auto& [path, text] : files)
        if (is_source(path)) included[path] = quoted_includes(text);
    for (const auto& [path, direct] : included) {
        const auto room = room_of(path);
        if (room.empty() || room == "app") continue;
        const auto within = rooms_within_reach(room);
        std::set<std::string> seen(direct.begin(), direct.end());
        std::vector<std::pair<std::string, std::string>>
            todo;  // a header, and the one that includes it
        for (const auto& header : direct) todo.emplace_back(header, path);
        while (!todo.empty()) {
            const auto [header, by] = todo.back();
            todo.pop_back();
            const auto other = room_of(header);
            const bool forge =
                header == "handlers/forges/forge.hpp" && room != "worker" && room != "gateway";
            if (by != path && !other.empty() && !forge && !within.contains(other))
                troubles.push_back(path + ": reaches " + header + " through " + by);
            if (const auto at = included.find(header); at != included.end())
                for (const auto& next : at->second)
                    if (seen.insert(next).second) todo.emplace_back(next, header);
        }
    }
}

// Which forge it is, is known where its adapter lives, where the adapters are put together, and
// where the configuration is read. Everybody else asks for ForgeTraits.
void check_forge_kinds(const std::string& path, const std::string& text, Troubles& troubles) {
    static const std::regex kind(
        "\\b(ForgeKind|GithubConfig|GitlabConfig|GiteaConfig|BuiltinConfig)\\b");
    for (const char* place : {"handlers/forges/", "service/app/", "service/base/config"})
        if (path.starts_with(place)) return;
    if (std::regex_search(code_only(text), kind))
        troubles.push_back(path + ": asks which kind of forge it is; ask for its ForgeTraits");
}

// What stored names begin with. A literal that does too writes such a name by hand, or guesses what
// one means.
void check_keys(const std::string& path, const std::string& text, Troubles& troubles) {
    static const std::regex stored(
        "^(run|pull|posted|branch|providers|result|answer|token|runs|stack|done|comment|work|"
        "event|look|command|prepare|perform|judge|consider|release|report|pass|reply|mention|"
        "approval)/.*");
    if (path == "service/model/keys.hpp") return;
    for (const auto& literal : literals_of(text))
        if (std::regex_match(literal.text, stored))
            troubles.push_back(path + ":" + std::to_string(line_of(text, literal.begin)) + ": \"" +
                               literal.text +
                               "\" is a stored name; service/model/keys.hpp has "
                               "the function that makes or parses it");
}

Troubles layout_troubles(const Files& files) {
    Troubles troubles;
    for (const auto& [path, text] : files) {
        const auto top = path.substr(0, path.find('/'));
        if (!top.starts_with('.') && !top_entries.contains(top))
            troubles.push_back(path + ": nothing of this name belongs at the top");
        check_opening(path, text, files, troubles);
        if (is_cpp(path)) check_awaits(path, text, troubles);
        if (is_source(path)) check_source(path, text, troubles);
        if (is_source(path)) check_forge_kinds(path, text, troubles);
        if (is_source(path)) check_functions(path, text, troubles);
        if (is_source(path)) check_keys(path, text, troubles);
    }
    check_sentences(files, troubles);
    check_homes(files, troubles);
    check_type_names(files, troubles);
    check_reach(files, troubles);
    return troubles;
}

constexpr const char* trust_page = "handlers/TRUST.md";

// The rules that the page defines: "- **W5** …".
std::set<std::string> defined_rules(const std::string& page) {
    static const std::regex definition("(^|\n)- \\*\\*([A-Z][0-9]+)\\*\\* ");
    std::set<std::string> found;
    for (std::sregex_iterator at(page.begin(), page.end(), definition), end; at != end; ++at)
        found.insert((*at)[2].str());
    return found;
}

// The rules that a text cites by that word, one or several, also where a comment's line ends
// between.
std::set<std::string> cited_rules(const std::string& text) {
    static const std::regex citation(
        "\\b[Rr]ules?[ \n/#*]+([A-Z][0-9]+\\b((,| and|, and)[ \n/#*]+[A-Z][0-9]+\\b)*)");
    static const std::regex rule("[A-Z][0-9]+");
    std::set<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), citation), end; at != end; ++at) {
        const std::string list = (*at)[1].str();
        for (std::sregex_iterator one(list.begin(), list.end(), rule); one != end; ++one)
            found.insert(one->str());
    }
    return found;
}

// Whoever reads "rule W5" must find on the page what it promises.
Troubles rule_troubles(const Files& files) {
    static const std::set<std::string> kinds = {".cpp", ".hpp", ".go", ".rego", ".lua",
                                                ".py",  ".mjs", ".sh", ".md"};
    const auto page = files.find(trust_page);
    const auto defined =
        page == files.end() ? std::set<std::string>() : defined_rules(page->second);
    Troubles troubles;
    for (const auto& [path, text] : files) {
        if (!kinds.contains(std::filesystem::path(path).extension().string())) continue;
        for (const auto& rule : cited_rules(text))
            if (!defined.contains(rule))
                troubles.push_back(path + ": cites rule " + rule + ", which " + trust_page +
                                   " does not define");
    }
    return troubles;
}

constexpr const char* pitfalls_page = "handlers/PITFALLS.md";

// Each pitfall is held by a test that names it: in the name of a doctest case, or in what a
// scenario of an end-to-end test says of itself.
Troubles pitfall_troubles(const Files& files) {
    static const std::regex name(
        "(TEST_CASE(_FIXTURE)?\\([^\"]*|\"\")\"([A-Z][0-9]+, |fault [0-9]+, )*F([0-9]+)(, "
        "F[0-9]+)*");
    static const std::regex number("F[0-9]+");
    const auto page = files.find(pitfalls_page);
    if (page == files.end()) return {};
    std::set<std::string> held;
    for (const auto& [path, text] : files) {
        if (!path.starts_with("tests/")) continue;
        for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
            const std::string found = at->str();
            for (std::sregex_iterator one(found.begin(), found.end(), number); one != end; ++one)
                held.insert(one->str());
        }
    }
    Troubles troubles;
    for (const auto& pitfall : defined_rules(page->second))
        if (!held.contains(pitfall))
            troubles.push_back(std::string(pitfalls_page) + ": no test names " + pitfall);
    return troubles;
}

// What is on the disk, without what is built, fetched or git's.
Files files_of_the_house() {
    static const std::set<std::string> passed_over = {".git", ".cache", "node_modules", "build"};
    const std::filesystem::path top = SLIPWAY_SOURCE_DIR;
    Files files;
    auto at = std::filesystem::recursive_directory_iterator(top);
    for (; at != std::filesystem::recursive_directory_iterator(); ++at) {
        const auto name = at->path().filename().string();
        if (at->is_directory() && passed_over.contains(name)) at.disable_recursion_pending();
        if (!at->is_regular_file() || name.ends_with(".swp")) continue;
        std::ifstream in(at->path(), std::ios::binary);
        files[at->path().lexically_relative(top).string()] =
            std::string(std::istreambuf_iterator<char>(in), {});
    }
    return files;
}

// The one trouble of a house with this file in it.
std::string trouble_with(const std::string& path, const std::string& text) {
    const auto troubles = layout_troubles({{path, "// Why.\n" + text}});
    std::string all;
    for (const auto& trouble : troubles) all += (all.empty() ? "" : "\n") + trouble;
    return all;
}

}  // namespace

TEST_CASE("The house is in order") {
    const auto files = files_of_the_house();
    CHECK(files.size() > 50);
    for (const auto& trouble : layout_troubles(files)) FAIL_CHECK(trouble);
}

TEST_CASE("Every trust rule that is cited is defined on the page of trust rules") {
    const auto files = files_of_the_house();
    REQUIRE(files.contains(trust_page));
    CHECK(defined_rules(files.at(trust_page)).size() > 10);
    for (const auto& trouble : rule_troubles(files)) FAIL_CHECK(trouble);
}

TEST_CASE("A citation of a rule that the page does not define is found, in each form") {
    const std::string page = "# Rules\n\n- **W1** One.\n- **R4** Another, see **X7** elsewhere.\n";
    // Put together here, so that this file cites no rule itself.
    const std::string one =
                          "// (ru"
                          "le ",
                      many =
                          "// (ru"
                          "les ";
    auto troubles = [&](const std::string& text) {
        return rule_troubles({{trust_page, page}, {"queue/x.cpp", text}});
    };
    const std::string unknown =
        "queue/x.cpp: cites ru"
        "le X7, which handlers/TRUST.md does not define";
    CHECK(troubles(one + "X7)\n") == Troubles{unknown});
    CHECK(troubles("TEST_CASE(\"Ru"
                   "le X7: a name\") {\n") == Troubles{unknown});
    CHECK(troubles(many + "R4, X7)\n") == Troubles{unknown});
    CHECK(troubles(many + "W1, R4 and X7)\n") == Troubles{unknown});
    CHECK(troubles("// see the ru"
                   "le\n    // X7 says so\n") == Troubles{unknown});
    CHECK(troubles(many + "X8, X7)\n").size() == 2);
    CHECK(rule_troubles({{"queue/x.py",
                          "# ru"
                          "le W1\n"}})
              .size() == 1);  // without any page
    CHECK(rule_troubles({{"tests/fuzz/corpus/json/x", one + "X7)\n"}}).empty());
    for (const auto& fine : {one + "W1)\n", many + "R4, W1)\n", many + "W1 and R4)\n",
                             std::string("// module X7, P14 and C0\n"), one + "of X7)\n"})
        CHECK(troubles(fine).empty());
}

TEST_CASE("Every pitfall of the forges is held by a test that names it") {
    for (const auto& trouble : pitfall_troubles(files_of_the_house())) FAIL_CHECK(trouble);

    const std::string page = "- **F1** one\n- **F2** two\n- **F3** three\n";
    auto troubles = [&](const std::string& path, const std::string& text) {
        return pitfall_troubles({{pitfalls_page, page}, {path, text}});
    };
    const std::string case_of =
        "TEST_CA"
        "SE(";  // not one of this file's own
    CHECK(troubles("tests/x.cpp", case_of + "\"F1: a\")\n" + case_of + "\n    \"W1, F2, F3: b\")")
              .empty());
    CHECK(troubles("tests/x.py", "\"\"\"F1, F2, F3: a\"\"\"").empty());
    CHECK(troubles("tests/x.cpp", case_of + "\"F1, F2: a\")").size() == 1);
    CHECK(troubles("tests/x.cpp", case_of + "\"a, as F1, F2, F3 say\")").size() == 3);
    CHECK(troubles("handlers/x.cpp", case_of + "\"F1, F2, F3: a\")").size() == 3);
}

TEST_CASE("An include that the table does not allow is found, one that it allows is not") {
    struct Case {
        std::string from, to;
        bool allowed;
    };
    const Case cases[] = {
        {"service/model/x.cpp", "service/model/run.hpp", true},
        {"service/model/x.cpp", "service/base/json.hpp", false},
        {"service/base/x.cpp", "service/model/run.hpp", true},
        {"service/base/x.cpp", "service/net/http.hpp", false},
        {"service/net/x.cpp", "service/process/process.hpp", false},
        {"service/git/x.cpp", "service/process/process.hpp", true},
        {"service/blobs/x.cpp", "service/net/http_client.hpp", true},
        {"policies/x.cpp", "queue/queue.hpp", false},
        {"queue/redis/x.cpp", "policies/policies.hpp", false},
        {"queue/x.cpp", "queue/redis/connection.hpp", true},
        {"handlers/webhooks/x.cpp", "queue/queue.hpp", true},
        {"handlers/webhooks/x.cpp", "queue/redis/connection.hpp", false},
        {"handlers/webhooks/x.cpp", "handlers/forges/forge.hpp", true},
        {"handlers/webhooks/x.cpp", "handlers/forges/other.hpp", false},
        {"handlers/webhooks/x.cpp", "handlers/forges/github/client.hpp", false},
        {"handlers/webhooks/x.cpp", "handlers/report/report.hpp", false},
        {"handlers/webhooks/x.cpp", "handlers/runs/lifecycle.hpp", true},
        {"handlers/webhooks/x.cpp", "handlers/runs/gateway/gateway.hpp", false},
        {"handlers/webhooks/x.cpp", "handlers/runs/control/control.hpp", false},
        {"handlers/runs/control/x.cpp", "handlers/runs/lifecycle.hpp", true},
        {"handlers/runs/worker/x.cpp", "handlers/runs/lifecycle.hpp", false},
        {"handlers/forges/github/x.cpp", "handlers/forges/forge.hpp", true},
        {"handlers/runs/control/x.cpp", "handlers/forges/forge.hpp", true},
        {"handlers/runs/control/x.cpp", "handlers/runs/worker/perform.hpp", false},
        {"handlers/runs/worker/x.cpp", "handlers/runs/gateway/gateway.hpp", true},
        {"handlers/runs/worker/tools/x.cpp", "handlers/runs/control/control.hpp", false},
        {"handlers/runs/worker/x.cpp", "queue/queue.hpp", false},
        {"handlers/runs/worker/x.cpp", "policies/policies.hpp", false},
        {"handlers/runs/worker/x.cpp", "handlers/forges/forge.hpp", false},
        {"handlers/api/x.cpp", "handlers/runs/gateway/gateway.hpp", false},
        {"handlers/report/x.cpp", "service/app/services.hpp", false},
        {"service/app/x.cpp", "handlers/runs/worker/perform.hpp", true},
        {"service/app/x.cpp", "tests/support/scratch.hpp", false},
        {"service/elsewhere/x.cpp", "service/model/run.hpp", false}};
    for (const auto& c : cases) {
        CAPTURE(c.from);
        CAPTURE(c.to);
        CHECK(trouble_with(c.from, "#include \"" + c.to + "\"\n").empty() == c.allowed);
    }
}

TEST_CASE("What a room may not know is found behind another header as well") {
    const auto reaches = [](const std::string& header_includes) {
        const Files files = {
            {"handlers/runs/gateway/spec.cpp", "// Why.\n#include \"service/model/plan.hpp\"\n"},
            {"service/model/plan.hpp",
             "// Why.\n#pragma once\n#include \"" + header_includes + "\"\n"}};
        for (const auto& trouble : layout_troubles(files))
            if (trouble.starts_with("handlers/runs/gateway/spec.cpp: reaches")) return trouble;
        return std::string();
    };
    CHECK(reaches("queue/queue.hpp") ==
          "handlers/runs/gateway/spec.cpp: reaches queue/queue.hpp through service/model/plan.hpp");
    CHECK(reaches("service/base/json.hpp").empty());
}

TEST_CASE("A library outside its home is found") {
    struct Case {
        std::string path, text;
        bool allowed;
    };
    const Case cases[] = {{"service/net/x.cpp", "#include <boost/beast/http.hpp>", true},
                          {"handlers/api/x.cpp", "#include <boost/beast/http.hpp>", false},
                          {"service/net/http_transfer.hpp", "#include <curl/curl.h>", true},
                          {"service/net/x.cpp", "#include <curl/curl.h>", false},
                          {"queue/redis/x.cpp", "#include <hiredis/read.h>", true},
                          {"queue/x.cpp", "#include <hiredis/read.h>", false},
                          {"service/git/x.cpp", "#include <git2.h>", true},
                          {"handlers/runs/control/x.cpp", "#include <git2.h>", false},
                          {"service/base/x.cpp", "#include <rapidjson/reader.h>", false},
                          {"service/catalog/x.cpp", "#include <yaml-cpp/yaml.h>", false},
                          {"service/base/x.cpp", "#include <openssl/evp.h>", true},
                          {"handlers/forges/x.cpp", "#include <openssl/evp.h>", false},
                          {"service/net/x.cpp", "#include <openssl/evp.h>", false},
                          {"service/net/x.cpp", "#include <openssl/ssl.h>", true},
                          {"service/blobs/x.cpp", "#include <sodium.h>", false},
                          {"queue/x.cpp", "#include <prometheus/counter.h>", false},
                          {"service/process/x.cpp", "int f() { return fork(); }", true},
                          {"handlers/runs/x.cpp", "int f() { return system(\"x\"); }", false},
                          {"handlers/runs/x.cpp", "void fork_of(int); // like fork()", true},
                          {"handlers/runs/worker/x.cpp", "auto t = ToolKind::custom;", false},
                          {"service/model/tool.hpp", "auto t = ToolKind::custom;", true},
                          {"service/process/x.cpp", "#include <boost/process.hpp>", false}};
    for (const auto& c : cases) {
        CAPTURE(c.path);
        CAPTURE(c.text);
        CHECK(trouble_with(c.path, c.text).empty() == c.allowed);
    }
    const std::string beast = "// Why.\n#include <boost/beast/http.hpp>\n";
    CHECK(layout_troubles({{"service/net/a.cpp", beast}, {"service/net/b.cpp", beast}}).empty());
    CHECK(layout_troubles({{"service/net/a.cpp", beast},
                           {"service/net/b.cpp", beast},
                           {"service/net/c.cpp", beast}})
              .size() == 1);
}

TEST_CASE("Two types of one name are found, unless their files keep them to themselves") {
    const std::string one =
        "// Why.\nnamespace slipway {\n\nstruct Target {\n};\n\n}  // namespace slipway\n";
    const std::string own =
        "// Why.\nnamespace slipway {\nnamespace {\n\nstruct Target {\n};\n\n"
        "}  // namespace\n\n}  // namespace slipway\n";
    const std::string elsewhere =
        "// Why.\nnamespace slipway::net {\n\nenum class Target { a };\n\n"
        "}  // namespace slipway::net\n";
    auto troubles = [&](const std::string& other) {
        return layout_troubles({{"service/net/target.hpp", one}, {"service/net/x.cpp", other}});
    };
    CHECK(troubles(one) ==
          Troubles{"service/net/x.cpp: another slipway::Target is in service/net/target.hpp"});
    CHECK(troubles(own).empty());
    CHECK(troubles(elsewhere).empty());
    CHECK(troubles("// Why.\nnamespace slipway {\nstruct Target;\n}  // namespace slipway\n")
              .empty());
}

TEST_CASE("A question for the kind of a forge is found outside the tables that list adapters") {
    const std::string asks =
        "bool f(Forge& x) { return std::get_if<BuiltinConfig>(&x.config().own) != nullptr; }\n";
    for (const char* path : {"handlers/runs/control/x.cpp", "handlers/webhooks/x.cpp",
                             "handlers/report/x.cpp", "service/wording/x.cpp"})
        CHECK(trouble_with(path, asks) ==
              std::string(path) + ": asks which kind of forge it is; ask for its ForgeTraits");
    for (const char* path : {"handlers/forges/github/x.cpp", "service/app/forges.cpp",
                             "service/base/config_forges.cpp"})
        CHECK(trouble_with(path, asks) == "");
    CHECK(trouble_with("handlers/report/x.cpp", "// a BuiltinConfig is not asked for\n") == "");
}

TEST_CASE("A stored name that is written or guessed by hand is found, elsewhere than in keys.hpp") {
    for (const char* code : {"auto key = \"run/\" + id;", "return \"perform/\" + id + \"/plan\";",
                             "if (id.starts_with(\"event/\")) f();", "lane(\"stack/net\");"}) {
        CAPTURE(code);
        CHECK(trouble_with("handlers/report/x.cpp", code).find("is a stored name") !=
              std::string::npos);
        CHECK(trouble_with("queue/redis/x.cpp", code) != "");
        CHECK(trouble_with("service/model/keys.hpp", code) == "");
    }
    for (const char* fine : {"// \"run/\" is in keys.hpp", "get(\"/runs/{id}\");", "f(\"runs\");",
                             "auto ref = \"refs/pull/\" + number;"})
        CHECK(trouble_with("handlers/report/x.cpp", fine) == "");
}

TEST_CASE("A stray entry at the top is found, dot files are not") {
    for (const char* stray : {"notes.txt", "src/x.cpp", "Makefile", "builds/x"})
        CHECK(trouble_with(stray, "") != "");
    for (const char* fine : {"README.md", "LICENSE", "CHANGELOG.md", ".ci/run",
                             ".github/SECURITY.md", ".gitignore", "deploy/try", "tests/x"})
        CHECK(trouble_with(fine, "") == "");
}

TEST_CASE("What the compiler destroys twice is found, what it gets right is not") {
    struct Case {
        std::string code;
        bool allowed;
    };
    const Case cases[] = {
        {"co_await f(Request{1, 2});", false},
        {"auto x = co_await client.call(path, Options{.limit = 3});", false},
        {"co_await f(\n    net::Request{a});", false},
        {"co_await f(Pair<int>{1, 2});", false},
        {"co_await pool.run([x] { return x; });", false},
        {"co_await pool.run([=] { return x; });", false},
        {"co_await pool.run([&a, b = c] { return b; });", false},
        {"co_await pool.run(\n    [job = std::move(job)]() mutable { job(); });", false},
        {"co_await f(std::move(request));", true},
        {"co_await pool.run([&] { return Request{1}; });", true},
        {"co_await pool.run([this, &x] { return x; });", true},
        {"co_await f(list[i], table[\"a\"]);", true},
        {"if (co_await f(x)) return Answer{200};", true},
        {"co_await f(x); auto y = Request{1};", true},
        {"co_await f(std::string{\"a\"});", true},
        {"// co_await f(Request{1});", true},
        {"log(\"co_await f(Request{1})\");", true}};
    for (const auto& c : cases) {
        CAPTURE(c.code);
        CHECK(trouble_with("service/net/x.cpp", c.code).empty() == c.allowed);
    }
}

TEST_CASE("A file that opens without a comment, is left unfinished or grows too long is found") {
    CHECK(layout_troubles({{"queue/x.cpp", "#include <map>\n"}}).size() == 1);
    const std::string own = "#include \"queue/x.hpp\"\n";
    CHECK(layout_troubles({{"queue/x.cpp", own}, {"queue/x.hpp", "// Why.\n"}}).empty());
    CHECK(layout_troubles({{"tests/queue/x_test.cpp", own}, {"queue/x.hpp", "// Why.\n"}}).empty());
    CHECK(layout_troubles({{"queue/x.cpp", own}, {"queue/x.hpp", "#pragma once\n"}}).size() == 2);
    CHECK(layout_troubles({{"queue/y.cpp", own}, {"queue/x.hpp", "// Why.\n"}}).size() == 1);
    CHECK(layout_troubles({{"queue/redis/x.lua", "return 1\n"}}).size() == 1);
    CHECK(layout_troubles({{"tests/fixtures/x.rego", "package x\n"}}).empty());
    CHECK(trouble_with("queue/x.cpp", std::string("// TO") + "DO\n") != "");
}

TEST_CASE("A sentence outside service/wording is found, one that is logged or thrown is not") {
    struct Case {
        std::string path, code;
        bool allowed;
    };
    const std::string sentence = "\"the run waits for nobody\"";
    const Case cases[] = {
        {"handlers/runs/control/x.cpp", "run.reason = " + sentence + ";", false},
        {"handlers/runs/control/x.cpp", "run.reason = \"the run \"\n    \"waits for\";", false},
        {"policies/x.cpp", "out = " + sentence + ";", false},
        {"policies/engine/x.cpp", "out = " + sentence + ";", true},
        {"service/wording/x.cpp", "out = " + sentence + ";", true},
        {"handlers/webhooks/x.cpp", "log_info(" + sentence + ");", true},
        {"handlers/webhooks/x.cpp", "throw Failure(\n    " + sentence + ");", true},
        {"handlers/webhooks/x.cpp", "// " + sentence, true},
        {"handlers/webhooks/x.cpp", "out = \"a run waits\";", true},
        {"handlers/webhooks/x.cpp", "out = \"- ? :\" + name + \" of \";", true}};
    for (const auto& c : cases) {
        CAPTURE(c.path);
        CAPTURE(c.code);
        CHECK(trouble_with(c.path, c.code).empty() == c.allowed);
    }
}

TEST_CASE("A function or a file that is longer than it may be is found") {
    const auto function = [](int lines) {
        std::string body = "namespace slipway {\n\nint f(int a,\n      int b) {\n";
        for (int i = 3; i < lines; ++i) body += "    a += b;\n";
        return body + "}\n\n}  // namespace slipway\n";
    };
    const auto method = [](int lines) {
        std::string body = "class X {\n  public:\n    int f() {\n";
        for (int i = 2; i < lines; ++i) body += "        if (x) { y(); }\n";
        return body + "    }\n};\n";
    };
    for (const char* path : {"handlers/webhooks/x.cpp", "queue/redis/x.cpp", "policies/x.cpp"}) {
        CHECK(trouble_with(path, function(60)) == "");
        CHECK(trouble_with(path, function(61)) ==
              std::string(path) + ":4: a function of 61 lines, more than 60; split it");
        CHECK(trouble_with(path, method(60)) == "");
        CHECK(trouble_with(path, method(61)) != "");
    }
    CHECK(trouble_with("service/git/x.cpp", function(61)) == "");
    std::string lines;
    for (int i = 0; i < 349; ++i) lines += "\n";
    for (const char* path : {"handlers/api/x.cpp", "service/git/x.cpp", "service/base/x.hpp",
                             "queue/redis/x.hpp", "policies/engine/x.cpp"}) {
        CHECK(trouble_with(path, lines) == "");
        CHECK(trouble_with(path, lines + "\n") ==
              std::string(path) + ": 351 lines, more than 350; split it");
    }
}
