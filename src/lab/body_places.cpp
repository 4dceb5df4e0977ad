#include "lab/body_places.h"

#include "base/buffer.h"
#include "base/encoding.h"
#include "json/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::lab {

namespace {

constexpr int depth_max = 3; // of JSON inside of JSON
constexpr std::size_t set_max = 6;

class Walking {
public:
    Walking(bool bags, int depth, std::string prefix) : bags_(bags), depth_(depth), prefix_(std::move(prefix)) {}

    bool walk(std::string_view body) {
        const Buffer raw(body);
        if (body.empty() || !document_.parse(raw.view())) return false;
        white_space(raw.view());
        value(document_.root(), "$", false);
        for (auto& [path, values] : sets_) {
            if (values.size() > set_max) continue; // chance, not a choice
            std::string text;
            for (const std::string& one : values) (text += text.empty() ? "" : "\n") += one;
            out.push_back({prefix_ + path, std::move(text), Channel::text});
        }
        return true;
    }
    std::vector<BodyPlace> out;

private:
    void add(std::string path, std::string text, Channel channel, bool in_bag) {
        if (!in_bag) return out.push_back({prefix_ + path, std::move(text), channel}), void();
        auto& set = sets_[path];
        if (set.size() <= set_max) set.insert(std::move(text));
    }

    // Which signs have which white space around them: the same however many there are.
    void white_space(std::string_view raw) {
        std::set<std::string> kinds;
        bool in_string = false;
        char before = '^';
        for (std::size_t i = 0; i < raw.size(); ++i) {
            const char c = raw[i];
            if (in_string) {
                if (c == '\\') ++i;
                in_string = c != '"';
                continue;
            }
            if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
                const std::size_t begin = i;
                while (i + 1 < raw.size() && std::string_view(" \n\t\r").contains(raw[i + 1])) ++i;
                // Of an indented text only that it is one: its depths are many.
                const bool breaks = raw.substr(begin, i + 1 - begin).contains('\n');
                const char after = i + 1 < raw.size() ? raw[i + 1] : '$';
                kinds.insert(breaks && after != '$' ? fmt::format("{} new line", before)
                                                    : fmt::format("{} '{}'", before, raw.substr(begin, i + 1 - begin)));
                continue;
            }
            in_string = c == '"';
            before = std::string_view("{}[],:").contains(c) ? c : 'v';
        }
        std::string text;
        for (const std::string& one : kinds) (text += text.empty() ? "" : ", ") += one;
        add(" white space", std::move(text), Channel::spelling, false);
    }

    void value(json::NodeIndex node, const std::string& path, bool in_bag) {
        switch (document_[node].kind) {
        case json::Kind::object: return object(node, path, in_bag);
        case json::Kind::array: return array(node, path, in_bag);
        case json::Kind::string: return string(node, path, in_bag);
        default: return add(path, std::string(document_.raw_value(node)), Channel::text, in_bag);
        }
    }
    void object(json::NodeIndex node, const std::string& path, bool in_bag) {
        std::string keys;
        for (auto i = document_.first_child(node); i != json::no_node; i = document_.next_sibling(i)) {
            const std::string key(document_.raw_key(i));
            (keys += keys.empty() ? "" : " ") += key;
            value(i, path + "." + key, in_bag);
        }
        add(path + " keys", std::move(keys), Channel::order, in_bag);
    }
    // The entries' own names, where each has another one.
    std::vector<std::string> names(json::NodeIndex node) {
        std::vector<std::string> out_names;
        std::set<std::string> seen;
        std::string scratch;
        for (auto i = document_.first_child(node); i != json::no_node; i = document_.next_sibling(i)) {
            const auto name = document_.find(i, "name");
            if (name == json::no_node || document_[name].kind != json::Kind::string) return {};
            out_names.emplace_back(document_.text(name, scratch));
            if (!seen.insert(out_names.back()).second) return {};
        }
        return out_names;
    }
    void array(json::NodeIndex node, const std::string& path, bool in_bag) {
        std::size_t count = 0;
        bool of_objects = true;
        for (auto i = document_.first_child(node); i != json::no_node; i = document_.next_sibling(i), ++count)
            of_objects = of_objects && document_[i].kind == json::Kind::object;
        const bool bag = in_bag || (bags_ && of_objects && count > 0);
        const std::vector<std::string> named = bag ? std::vector<std::string>() : names(node);
        std::size_t number = 0;
        for (auto i = document_.first_child(node); i != json::no_node; i = document_.next_sibling(i), ++number)
            value(i,
                  path + (bag             ? "[*]"
                          : named.empty() ? fmt::format("[{}]", number)
                                          : "[" + named[number] + "]"),
                  bag);
        if (bag) return;
        std::string order;
        for (const std::string& one : named) (order += order.empty() ? "" : " ") += one;
        add(path + (named.empty() ? " length" : " order"), named.empty() ? std::to_string(count) : order,
            Channel::order, false);
    }
    void string(json::NodeIndex node, const std::string& path, bool in_bag) {
        std::string scratch;
        const std::string text(document_.text(node, scratch));
        if (depth_ < depth_max && !in_bag && inner(text, path)) return;
        if (depth_ < depth_max && in_bag && text.starts_with("eyJ")) {
            inner_set(text, path);
            return;
        }
        add(path, "\"" + std::string(document_.raw_value(node)) + "\"", Channel::text, in_bag);
    }
    static std::string decoded(const std::string& text) {
        if (text.starts_with('{') || text.starts_with("[{")) return text;
        if (!text.starts_with("eyJ") && !text.starts_with("W3si")) return {};
        if (auto plain = from_base64(text)) return *plain;
        return from_base64url(text).value_or("");
    }
    bool inner(const std::string& text, const std::string& path) {
        const std::string inside = decoded(text);
        if (inside.empty()) return false;
        Walking walking(bags_, depth_ + 1, prefix_ + path + " ⟩ ");
        if (!walking.walk(inside)) return false;
        for (BodyPlace& one : walking.out) out.push_back(std::move(one));
        return true;
    }
    void inner_set(const std::string& text, const std::string& path) {
        Walking walking(bags_, depth_ + 1, "");
        if (!walking.walk(decoded(text))) return;
        for (BodyPlace& one : walking.out) add(path + " ⟩ " + one.path, std::move(one.value), one.channel, true);
    }

    bool bags_;
    int depth_;
    std::string prefix_;
    json::Document document_;
    std::map<std::string, std::set<std::string>> sets_;
};

} // namespace

std::vector<BodyPlace> places_of_body(std::string_view body, bool bags) {
    if (body.empty()) return {{"", "", Channel::text}};
    Walking walking(bags, 0, "");
    if (walking.walk(body)) return std::move(walking.out);
    return {{"text", std::string(body), Channel::text}};
}

} // namespace sallyport::lab
