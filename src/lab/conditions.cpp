#include "lab/conditions.h"

#include "base/encoding.h"
#include "base/text.h"

#include <algorithm>

namespace sallyport::lab {

namespace {

void apply(const Alteration& change, Conditions& to) {
    switch (change.aspect) {
    case Aspect::zone: to.zone = change.value; break;
    case Aspect::zone_file:
        to.zone.clear();
        to.zone_file = change.value;
        break;
    case Aspect::language: to.language = change.value; break;
    case Aspect::base: to.base = change.value; break;
    case Aspect::user: to.user = change.value; break;
    case Aspect::host_name: to.host_name = change.value; break;
    case Aspect::remote: to.remote = change.value; break;
    case Aspect::author: to.author = change.value; break;
    case Aspect::mail: to.mail = change.value; break;
    case Aspect::machine_id: to.machine_id = change.value; break;
    case Aspect::keyboard: to.keyboard = change.value; break;
    case Aspect::key: to.key = change.value; break;
    case Aspect::answer: to.answer = change.value; break;
    case Aspect::environment:
        const auto sign = change.value.find('=');
        to.environment.emplace_back(change.value.substr(0, sign), change.value.substr(sign + 1));
        break;
    }
}

// The value that stands there where nothing is varied.
std::string neutral(Aspect aspect) {
    const Conditions conditions;
    switch (aspect) {
    case Aspect::zone: return conditions.zone;
    case Aspect::zone_file: return conditions.zone_file;
    case Aspect::language: return conditions.language;
    case Aspect::base: return conditions.base;
    case Aspect::user: return conditions.user;
    case Aspect::host_name: return conditions.host_name;
    case Aspect::remote: return conditions.remote;
    case Aspect::author: return conditions.author;
    case Aspect::mail: return conditions.mail;
    case Aspect::machine_id: return conditions.machine_id;
    case Aspect::keyboard: return conditions.keyboard;
    case Aspect::key: return conditions.key;
    case Aspect::answer:
    case Aspect::environment: return {};
    }
    return {};
}

void add_url(std::string_view url, std::vector<std::string>& out) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return;
    const std::string_view rest = url.substr(scheme + 3);
    const std::string authority(rest.substr(0, rest.find('/')));
    out.push_back(authority);
    out.push_back(host_of(url));
    // "git.acme.example/team/project": as a repository is named
    std::string name(rest);
    if (name.ends_with(".git")) name.resize(name.size() - 4);
    out.push_back(name);
}

void add_spellings(Aspect aspect, const std::string& value, std::vector<std::string>& out) {
    if (value.empty()) return;
    out.push_back(value);
    if (aspect == Aspect::environment) {
        const std::string text = value.substr(value.find('=') + 1);
        // "1" and "true" stand everywhere: they echo nothing.
        if (text.size() > 4) out.push_back(text);
        add_url(text, out);
    }
    if (aspect == Aspect::base || aspect == Aspect::remote) add_url(value, out);
    if (aspect == Aspect::language) {
        const std::string plain = value.substr(0, value.find('.'));
        out.push_back(plain);
        std::string tag = plain;
        std::ranges::replace(tag, '_', '-');
        out.push_back(tag);
        // "zh" alone is too short to be told from other text.
    }
}

std::vector<std::string> finished(std::vector<std::string> all) {
    std::erase_if(all, [](const std::string& one) { return one.size() < 2; });
    const std::size_t plain = all.size();
    for (std::size_t i = 0; i < plain; ++i) {
        if (all[i].size() < 6) continue;
        all.push_back(to_base64(all[i]));
        all.push_back(to_base64url(all[i]));
        if (const std::string lower = to_lower(all[i]); lower != all[i]) all.push_back(lower);
    }
    std::ranges::sort(all, [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() > b.size() : a < b;
    });
    all.erase(std::ranges::unique(all).begin(), all.end());
    return all;
}

} // namespace

std::string host_of(std::string_view url) {
    const auto scheme = url.find("://");
    std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
    rest = rest.substr(0, rest.find('/'));
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
    return to_lower(rest.substr(0, rest.rfind(':')));
}

Conditions conditions_of(const Variation& variation) {
    Conditions out;
    for (const Alteration& one : variation.changes) apply(one, out);
    return out;
}

std::vector<std::string> spellings(const Variation& variation) {
    std::vector<std::string> out;
    for (const Alteration& one : variation.changes) add_spellings(one.aspect, one.value, out);
    return finished(std::move(out));
}

std::vector<std::string> spellings_of_neutral(const Variation& variation) {
    std::vector<std::string> out;
    for (const Alteration& one : variation.changes) add_spellings(one.aspect, neutral(one.aspect), out);
    return finished(std::move(out));
}

} // namespace sallyport::lab
