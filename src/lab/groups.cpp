#include "lab/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace sallyport::lab {

namespace {

constexpr std::uint64_t near_bytes = 6'000; // one function and what it calls, in a bundle

std::vector<std::vector<std::size_t>> by_place(const std::vector<Finding>& findings) {
    std::vector<std::size_t> order(findings.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto key = [&](std::size_t i) {
        return std::tie(findings[i].place.file, findings[i].place.part, findings[i].place.offset);
    };
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    std::vector<std::vector<std::size_t>> groups;
    for (const std::size_t i : order) {
        const Finding* const last = groups.empty() ? nullptr : &findings[groups.back().back()];
        const Place& place = findings[i].place;
        const bool together = last != nullptr && last->place.file == place.file && last->place.part == place.part &&
                              place.offset - last->place.offset <= near_bytes + last->size;
        if (together)
            groups.back().push_back(i);
        else
            groups.push_back({i});
    }
    return groups;
}

struct Signs {
    const Finding *cipher = nullptr, *encoded = nullptr, *look_alikes = nullptr, *varied = nullptr, *place = nullptr;
};

Signs signs_of(const std::vector<Finding>& findings, const std::vector<std::size_t>& group) {
    Signs signs;
    for (const std::size_t i : group) {
        const Finding& one = findings[i];
        const auto keep = [&](const Finding*& best) {
            if (best == nullptr || best->confidence < one.confidence) best = &one;
        };
        switch (one.kind) {
        case Kind::concealed_text: keep(one.confidence == Confidence::high ? signs.cipher : signs.encoded); break;
        case Kind::look_alike_choice: keep(signs.look_alikes); break;
        case Kind::varied_character: keep(signs.varied); break;
        case Kind::place_comparison: keep(signs.place); break;
        }
    }
    return signs;
}

bool is(const Finding* finding, Confidence least) { return finding != nullptr && finding->confidence >= least; }

Group::Verdict judge(const Signs& signs) {
    const bool alike = is(signs.look_alikes, Confidence::high) || is(signs.varied, Confidence::high);
    const bool some_choice = signs.look_alikes != nullptr || signs.varied != nullptr;
    const bool asks = is(signs.place, Confidence::medium) || signs.cipher != nullptr;
    if (alike || (some_choice && asks)) return Group::Verdict::marker;
    if (signs.cipher != nullptr) return Group::Verdict::concealed;
    if (is(signs.encoded, Confidence::medium) || is(signs.place, Confidence::medium) ||
        is(signs.look_alikes, Confidence::medium) || is(signs.varied, Confidence::medium))
        return Group::Verdict::notable;
    return Group::Verdict::mention;
}

std::string describe(const std::vector<Finding>& findings, const std::vector<std::size_t>& group) {
    std::vector<std::string> parts;
    std::vector<std::string> places;
    for (const std::size_t i : group) {
        const Finding& one = findings[i];
        if (one.kind == Kind::concealed_text)
            parts.push_back(one.entries > 1 ? fmt::format("a hidden list of {} entries", one.entries)
                                            : "a hidden text");
        if (one.kind == Kind::look_alike_choice)
            parts.push_back(fmt::format("a choice of {} characters that look the same", one.entries));
        if (one.kind == Kind::varied_character) parts.emplace_back("a text in which a condition changes one character");
        if (one.kind == Kind::place_comparison && std::ranges::find(places, one.text) == places.end())
            places.push_back(one.text);
    }
    if (!places.empty()) {
        std::string all;
        for (std::size_t i = 0; i < places.size() && i < 4; ++i) all += (i == 0 ? "" : ", ") + places[i];
        parts.push_back(fmt::format("a comparison with {}{}", all, places.size() > 4 ? " …" : ""));
    }
    std::string out;
    std::vector<std::string> said;
    for (const std::string& part : parts)
        if (std::ranges::find(said, part) == said.end()) said.push_back(part);
    for (std::size_t i = 0; i < said.size() && i < 6; ++i) out += (i == 0 ? "" : "; ") + said[i];
    return out;
}

void support_each_other(std::vector<Finding>& findings, const std::vector<std::size_t>& group) {
    for (const std::size_t i : group) {
        if (findings[i].confidence == Confidence::high) continue;
        findings[i].confidence = findings[i].confidence == Confidence::low ? Confidence::medium : Confidence::high;
        findings[i].reasons.emplace_back("it stands near other findings that it makes sense with");
    }
}

// "api.eu.example.com" -> "example.com".
std::string label_of(const Name& name) {
    const std::string& text = name.name;
    switch (name.subject) {
    case Subject::host: {
        const auto last = text.rfind('.');
        const auto before = last == std::string::npos || last == 0 ? std::string::npos : text.rfind('.', last - 1);
        return before == std::string::npos ? text : text.substr(before + 1);
    }
    case Subject::environment:
    case Subject::named_like_one:
    case Subject::flag: {
        const auto end = text.find('_');
        return end == std::string::npos ? text : text.substr(0, end + 1) + "*";
    }
    case Subject::path: {
        const auto end = text.find('/', 1);
        return end == std::string::npos ? text : text.substr(0, end + 1) + "*";
    }
    default: return text;
    }
}

} // namespace

std::vector<Group> group(std::vector<Finding>& findings) {
    std::vector<Group> groups;
    for (auto& together : by_place(findings)) {
        Group one;
        one.verdict = judge(signs_of(findings, together));
        if (one.verdict == Group::Verdict::marker && together.size() > 1) support_each_other(findings, together);
        one.sentence = describe(findings, together);
        one.findings = std::move(together);
        groups.push_back(std::move(one));
    }
    std::ranges::sort(groups, [&](const Group& a, const Group& b) {
        return std::tuple(a.verdict, b.findings.size(), a.findings.front()) <
               std::tuple(b.verdict, a.findings.size(), b.findings.front());
    });
    return groups;
}

std::vector<NameGroup> group(const std::vector<Name>& names, std::size_t lines) {
    std::map<std::pair<Subject, std::string>, std::vector<const Name*>> labels;
    for (const Name& name : names) labels[{name.subject, label_of(name)}].push_back(&name);
    std::vector<NameGroup> all;
    for (auto& [key, members] : labels)
        all.push_back({key.first, members.size() == 1 ? members[0]->name : key.second, std::move(members)});
    std::ranges::sort(all, [](const NameGroup& a, const NameGroup& b) {
        return std::tuple(a.subject, b.names.size(), a.label) < std::tuple(b.subject, a.names.size(), b.label);
    });
    std::vector<NameGroup> kept;
    std::size_t of_subject = 0;
    for (auto& one : all) {
        of_subject = !kept.empty() && kept.back().subject == one.subject ? of_subject + 1 : 0;
        if (of_subject < lines)
            kept.push_back(std::move(one));
        else {
            if (of_subject == lines) kept.push_back({one.subject, "others", {}});
            kept.back().names.insert(kept.back().names.end(), one.names.begin(), one.names.end());
        }
    }
    return kept;
}

} // namespace sallyport::lab
