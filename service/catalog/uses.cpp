// Follows local modules from directory to directory, level by level, so that all directories of a
// level go to slipway-hcl in one question. A directory's reading depends on its texts alone and is
// remembered by the git tree they came from.
#include "service/catalog/uses.hpp"

#include <algorithm>
#include <list>
#include <mutex>
#include <set>
#include <unordered_map>

#include "service/base/utf8.hpp"
#include "service/catalog/detail/hcl_child.hpp"
#include "service/catalog/detail/uses_protocol.hpp"

namespace slipway {

namespace {

using namespace catalog;

constexpr std::size_t most_remembered = 50'000;
constexpr std::size_t most_directories = 50'000;
constexpr std::size_t most_bytes_of_a_question = 8u << 20;
constexpr std::size_t most_visits = 5'000;  // of one stack: modules that call modules multiply
constexpr std::size_t most_resources = 50'000;

struct Known {
    DirectoryReading reading;
    std::vector<std::pair<std::string, std::string>> links;  // below the directory
};
using KnownPtr = std::shared_ptr<const Known>;
using KnownByPath = std::map<std::string, KnownPtr>;

class Memory {
  public:
    KnownPtr find(const std::string& key) {
        std::lock_guard lock(mutex_);
        auto it = by_key_.find(key);
        if (it == by_key_.end()) return nullptr;
        order_.splice(order_.begin(), order_, it->second);
        return it->second->second;
    }
    void keep(const std::string& key, KnownPtr known) {
        std::lock_guard lock(mutex_);
        if (by_key_.count(key)) return;
        order_.emplace_front(key, std::move(known));
        by_key_[key] = order_.begin();
        if (by_key_.size() <= most_remembered) return;
        by_key_.erase(order_.back().first);
        order_.pop_back();
    }

  private:
    using Order = std::list<std::pair<std::string, KnownPtr>>;
    std::mutex mutex_;
    Order order_;
    std::unordered_map<std::string, Order::iterator> by_key_;
};

// What is needed to read one directory, gathered on a pool thread.
struct Gathered {
    std::string directory;
    std::string key;
    KnownPtr known;  // set: remembered, or nothing to read
    std::vector<std::pair<std::string, std::string>> links;
    DirectoryTexts texts;
    std::string unreadable;
    std::size_t bytes = 0;
};

// The repository's root is a stack's directory, too: links far below it are not part of its
// configuration.
std::vector<std::pair<std::string, std::string>> links_of(const Repository& repository,
                                                          const TreeId& tree,
                                                          const std::string& directory,
                                                          const std::vector<TreeEntry>& entries) {
    if (directory != ".") return repository.links(tree, directory);
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& entry : entries)
        if (entry.kind == TreeEntry::Kind::link)
            if (auto target = repository.link(tree, entry.name))
                out.emplace_back(entry.name, *target);
    return out;
}

Gathered gather(const Repository& repository, const TreeId& tree, const std::string& directory,
                Memory& memory) {
    Gathered out;
    out.directory = directory;
    auto entries = repository.list(tree, directory);
    auto id = entries.empty() ? std::nullopt : repository.object_at(tree, directory);
    if (!id) {
        out.known = std::make_shared<Known>();
        return out;
    }
    out.key = *id;
    std::map<std::string, std::string> sources;  // configuration file → where its text is
    for (const auto& entry : entries)
        if (is_configuration(entry.name) && entry.kind == TreeEntry::Kind::file)
            sources[entry.name] = *path_from(directory, entry.name);
    for (const auto& entry : entries) {
        if (!is_configuration(entry.name) || entry.kind != TreeEntry::Kind::link) continue;
        auto target = repository.link(tree, *path_from(directory, entry.name));
        auto path = target ? path_from(directory, *target) : std::nullopt;
        auto linked = path ? repository.object_at(tree, *path) : std::nullopt;
        if (!linked) continue;  // the tool will say so
        sources[entry.name] = *path;
        out.key += " " + entry.name + "=" + *linked;  // its text is not under this tree's id
    }
    out.known = memory.find(out.key);
    if (out.known) return out;
    out.links = links_of(repository, tree, directory, entries);
    for (const auto& [name, path] : sources) {
        auto text = repository.file(tree, path);
        if (!text || !is_utf8(*text)) {
            out.unreadable = name + " is too large, or no text";
            continue;
        }
        out.bytes += text->size();
        out.texts.emplace(name, std::move(*text));
    }
    return out;
}

// Puts together what one stack uses, from the readings of its directory and the modules below it.
class Composer {
  public:
    Composer(const Repository& repository, const TreeId& tree, const KnownByPath& known,
             const std::string& stack)
        : repository_(repository), tree_(tree), known_(known), stack_(stack) {}

    DirectoryFacts compose() {
        std::vector<std::string> way;
        visit(stack_, "", way);
        if (auto it = known_.find(stack_); it != known_.end())
            facts_.required = it->second->reading.required;
        facts_.uses.paths.assign(paths_.begin(), paths_.end());
        facts_.providers.assign(providers_.begin(), providers_.end());
        return std::move(facts_);
    }

  private:
    void visit(const std::string& directory, const std::string& prefix,
               std::vector<std::string>& way) {
        auto it = known_.find(directory);
        if (it == known_.end()) return;
        if (++visits_ > most_visits) return unknown("modules call modules too often to follow");
        const DirectoryReading& reading = it->second->reading;
        for (const auto& [address, place] : reading.resources)
            if (facts_.declarations.resources.size() < most_resources)
                facts_.declarations.resources.emplace_back(
                    prefix + address,
                    Place{*path_from(directory, place.file), place.line, place.column});
        if (!reading.unknown.empty()) unknown(directory + "/" + reading.unknown);
        providers_.insert(reading.providers.begin(), reading.providers.end());
        for (const auto& named : reading.paths) note_path(directory, named);
        note_links(directory, it->second->links);
        way.push_back(directory);
        for (const auto& call : reading.calls) {
            auto module = path_from(directory, call.source);
            if (!module) {
                unknown("module " + call.name + " of " + directory +
                        " lies outside the repository");
                continue;
            }
            add(*module);
            if (std::find(way.begin(), way.end(), *module) == way.end())
                visit(*module, prefix + "module." + call.name + ".", way);
        }
        way.pop_back();
    }

    void note_path(const std::string& directory, const DirectoryReading::NamedPath& named) {
        auto path = path_from(named.from_root ? stack_ : directory, named.path);
        if (!path) {
            if (named.strict)
                unknown(named.path + " of " + directory + " lies outside the repository");
            return;
        }
        if (named.is_template && template_reads_files(repository_.file(tree_, *path).value_or("")))
            unknown("the template " + *path + " reads files itself");
        // A string that merely looks like a path and is one to nothing would only widen the stack.
        if (!named.strict && *path == ".") return;
        add(*path);
        if (linked_.insert(*path).second && *path != "." && !is_own(*path))
            note_links(*path, repository_.links(tree_, *path));
    }

    void note_links(const std::string& directory,
                    const std::vector<std::pair<std::string, std::string>>& links) {
        for (const auto& [name, target] : links) {
            auto slash = name.rfind('/');
            auto from = path_from(directory, slash == name.npos ? "." : name.substr(0, slash));
            auto path = from ? path_from(*from, target) : std::nullopt;
            if (!path) {
                unknown("the link " + name + " of " + directory + " lies outside the repository");
                continue;
            }
            if (linked_.insert(*path).second && *path != ".") {
                add(*path);
                if (auto next = repository_.link(tree_, *path)) {
                    auto parent = path->rfind('/');
                    note_links(parent == path->npos ? "." : path->substr(0, parent),
                               {{parent == path->npos ? *path : path->substr(parent + 1), *next}});
                } else if (!is_own(*path)) {
                    note_links(*path, repository_.links(tree_, *path));
                }
            } else if (*path == ".") {
                unknown("the link " + name + " of " + directory + " is the whole repository");
            }
        }
    }

    bool is_own(const std::string& path) const {
        return stack_ == "." || path == stack_ || path.starts_with(stack_ + "/");
    }
    void add(const std::string& path) {
        if (path == ".")
            unknown("the whole repository is used");
        else if (!is_own(path))
            paths_.insert(path);
    }
    void unknown(std::string why) {
        facts_.uses.unknown = true;
        if (facts_.why_unknown.empty()) facts_.why_unknown = std::move(why);
    }

    const Repository& repository_;
    const TreeId& tree_;
    const KnownByPath& known_;
    const std::string& stack_;
    DirectoryFacts facts_;
    std::set<std::string> paths_;
    std::set<std::string> linked_;
    std::set<std::string> providers_;
    std::size_t visits_ = 0;
};

}  // namespace

struct UsesReader::State {
    State(asio::any_io_executor executor, Pool& pool) : pool_(pool), child_(executor) {}

    Task<std::vector<DirectoryFacts>> read(std::shared_ptr<Repository> repository, TreeId tree,
                                           std::vector<std::string> directories) {
        for (auto& directory : directories) {
            auto tidy = path_from(".", directory);
            if (!tidy) throw Failure(directory + " leaves the repository", Retry::never);
            directory = std::move(*tidy);
        }
        KnownByPath known;
        std::set<std::string> level(directories.begin(), directories.end());
        while (!level.empty() && known.size() < most_directories) {
            auto gather_level = [&repository, &tree, &level, this] {
                std::vector<Gathered> out;
                for (const auto& directory : level)
                    out.push_back(gather(*repository, tree, directory, memory_));
                return out;
            };
            auto gathering = pool_.run(std::move(gather_level));
            std::vector<Gathered> gathered = co_await std::move(gathering);
            auto reading = read_level(gathered);
            co_await std::move(reading);
            std::set<std::string> next;
            for (auto& one : gathered) known.emplace(one.directory, one.known);
            for (const auto& one : gathered)
                for (const auto& call : one.known->reading.calls)
                    if (auto module = path_from(one.directory, call.source);
                        module && !known.count(*module))
                        next.insert(*module);
            level = std::move(next);
        }
        auto compose_all = [&] {
            std::vector<DirectoryFacts> out;
            for (const auto& directory : directories)
                out.push_back(Composer(*repository, tree, known, directory).compose());
            return out;
        };
        auto composing = pool_.run(std::move(compose_all));
        co_return co_await std::move(composing);
    }

    // Sets `known` of every one.
    Task<void> read_level(std::vector<Gathered>& gathered) {
        for (std::size_t from = 0; from < gathered.size();) {
            std::vector<Gathered*> asked;
            std::size_t bytes = 0;
            for (; from < gathered.size() && bytes < most_bytes_of_a_question; ++from)
                if (!gathered[from].known) {
                    bytes += gathered[from].bytes;
                    asked.push_back(&gathered[from]);
                }
            if (asked.empty()) continue;
            auto together = ask(asked);
            bool answered = co_await std::move(together);
            // One of them is too much for the reader: it alone stays unknown.
            for (std::size_t i = 0; !answered && i < asked.size(); ++i) {
                std::vector<Gathered*> alone{asked[i]};
                auto again = ask(alone);
                if (!co_await std::move(again))  // not remembered: it may have been a bad moment
                    asked[i]->known = known_of(*asked[i], {}, "cannot be read by slipway-hcl");
            }
        }
    }

    Task<bool> ask(std::vector<Gathered*> asked) {
        std::map<std::string, DirectoryTexts> question;
        for (auto* one : asked) question.emplace(one->directory, one->texts);
        auto asking = child_.ask(std::move(question));
        auto answer = co_await std::move(asking);
        if (!answer) co_return false;
        for (auto* one : asked) {
            auto it = answer->find(one->directory);
            if (it == answer->end()) co_return false;
            one->known = known_of(*one, std::move(it->second), one->unreadable);
            memory_.keep(one->key, one->known);
        }
        co_return true;
    }

    static KnownPtr known_of(const Gathered& one, DirectoryReading reading,
                             const std::string& trouble) {
        auto known = std::make_shared<Known>();
        known->reading = std::move(reading);
        if (!trouble.empty()) known->reading.unknown = trouble;
        known->links = one.links;
        return known;
    }

    Pool& pool_;
    HclChild child_;
    Memory memory_;
};

UsesReader::UsesReader(asio::any_io_executor executor, Pool& pool)
    : state_(std::make_unique<State>(std::move(executor), pool)) {}
UsesReader::~UsesReader() = default;

Task<std::vector<DirectoryFacts>> UsesReader::read(std::shared_ptr<Repository> repository,
                                                   TreeId tree,
                                                   std::vector<std::string> directories) {
    return state_->read(std::move(repository), std::move(tree), std::move(directories));
}

}  // namespace slipway
