#include "handlers/forges/github/check_text.hpp"

#include <algorithm>
#include <set>

#include "handlers/forges/github/dialect.hpp"
#include "handlers/forges/rest/text.hpp"
#include "service/base/digest.hpp"

namespace slipway::github {
namespace {

using rest::one_line;
using rest::shortened_to;

constexpr std::size_t annotation_bytes = 60'000, check_title_characters = 250;

Json annotations_of(const Check& check) {
    Json out = Json::array();
    for (const auto& note : check.annotations) {
        if (out.items().size() == text_limits.annotations) break;
        Json item = Json::object(
            {{"path", note.path},
             {"start_line", std::max(note.line, 1)},
             {"end_line", std::max(note.line, 1)},
             {"annotation_level", note.failure ? "failure" : "warning"},
             {"message",
              note.message.empty() ? note.title : fitted(note.message, annotation_bytes)}});
        if (!note.title.empty())
            item.set("title",
                     shortened_to(one_line(note.title), text_limits.annotation_title_bytes));
        out.push(std::move(item));
    }
    return out;
}

// GitHub takes an empty title or summary for a missing one.
Json output_of(const Check& check) {
    auto title = one_line(check.title.empty() ? check.name : check.title);
    Json out = Json::object({{"title", shortened_to(title, check_title_characters)}});
    out.set("summary",
            check.summary.empty() ? title : fitted(check.summary, text_limits.check_bytes));
    if (!check.text.empty()) out.set("text", fitted(check.text, text_limits.check_bytes));
    return out;
}

}  // namespace

std::string_view api_status(CheckStatus status) {
    switch (status) {
        case CheckStatus::waiting:
            return "queued";
        case CheckStatus::running:
            return "in_progress";
        case CheckStatus::done:
            break;
    }
    return "completed";
}

std::string_view api_conclusion(Conclusion conclusion) {
    switch (conclusion) {
        case Conclusion::passed:
            return "success";
        case Conclusion::failed:
            return "failure";
        case Conclusion::neutral:
            return "neutral";
        case Conclusion::needs_action:
            return "action_required";
        case Conclusion::cancelled:
            break;
    }
    return "cancelled";
}

CheckId CheckId::parse(std::string_view text) {
    auto plus = std::min(text.find('+'), text.size());
    auto number = text.substr(0, plus);
    if (number.find_first_not_of("0123456789") != number.npos) return {};
    return {std::string(number), std::string(text.substr(std::min(plus + 1, text.size())))};
}

std::string notes_digest(const Check& check) {
    if (check.annotations.empty() || check.status != CheckStatus::done) return "";
    return sha256_hex(annotations_of(check).dump()).substr(0, 16);
}

Json check_body(const Check& check, CheckBody kind, bool with_annotations) {
    Json body = Json::object({{"name", check.name}});
    if (kind == CheckBody::create) body.set("head_sha", check.commit.value);
    body.set("external_id", check.external_id);
    body.set("status", api_status(check.status));
    if (!check.details_url.empty()) body.set("details_url", check.details_url);
    if (check.started_at_ms > 0) body.set("started_at", utc_iso(check.started_at_ms));
    if (check.status == CheckStatus::done) {
        body.set("conclusion", api_conclusion(check.conclusion));
        if (check.completed_at_ms > 0) body.set("completed_at", utc_iso(check.completed_at_ms));
    }
    Json output = output_of(check);
    if (with_annotations) output.set("annotations", annotations_of(check));
    body.set("output", std::move(output));
    return body;
}

std::string fitted(std::string_view markdown, std::size_t bytes) {
    return rest::fitted(markdown, bytes, dialect().title);
}

}  // namespace slipway::github
