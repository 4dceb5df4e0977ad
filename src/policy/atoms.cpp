#include "policy/atoms.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace sallyport::policy {

namespace {

// Where each pattern can stand after some text: pairs of pattern and position, sorted. A pattern that cannot match any more is
// not in it, so most states are small.
using State = std::vector<std::uint64_t>;

std::uint64_t place(std::size_t pattern, std::size_t position) { return std::uint64_t{pattern} << 32 | position; }

struct StateHash {
    std::size_t operator()(const State& state) const {
        std::uint64_t hash = 0xCBF29CE484222325;
        for (const std::uint64_t one : state) hash = (hash ^ one) * 0x9E3779B97F4A7C15 ^ hash >> 29;
        return hash;
    }
};

class Walk {
public:
    explicit Walk(std::span<const std::string> patterns) : patterns_(patterns) {
        std::set<char> letters = {'/'};
        for (const std::string& pattern : patterns)
            for (const char c : pattern)
                if (c != '*' && c != '?') letters.insert(c);
        // One that no pattern names stands for all others; a readable one where there is one.
        const std::size_t named = letters.size();
        for (const char c : std::string_view("zxqjkvwyn0123456789abcdefghilmoprstu_-.~!\x01"))
            if (letters.size() == named) letters.insert(c);
        letters_.assign(letters.begin(), letters.end());
    }

    std::optional<std::vector<Atom>> atoms() {
        State start;
        for (std::size_t pattern = 0; pattern < patterns_.size(); ++pattern) reach(pattern, 0, start);
        see(std::move(start), "");
        for (std::size_t next = 0; next < texts_.size(); ++next) {
            if (texts_.size() > atom_states_max) return std::nullopt;
            const State state = *states_[next];
            if (state.empty()) continue;
            for (const char letter : letters_) {
                State stepped;
                for (const std::uint64_t one : state) step(one >> 32, one & 0xFFFFFFFF, letter, stepped);
                see(std::move(stepped), texts_[next] + letter);
            }
        }
        return std::move(atoms_);
    }

private:
    bool runs_at(std::size_t pattern, std::size_t position) const {
        return position < patterns_[pattern].size() && patterns_[pattern][position] == '*';
    }
    bool crosses_at(std::size_t pattern, std::size_t position) const { // `**`
        return position + 1 < patterns_[pattern].size() && patterns_[pattern][position + 1] == '*';
    }
    // The position, and those behind runs that may be empty.
    void reach(std::size_t pattern, std::size_t position, State& into) const {
        into.push_back(place(pattern, position));
        while (runs_at(pattern, position)) {
            position += crosses_at(pattern, position) ? 2 : 1;
            into.push_back(place(pattern, position));
        }
    }
    void step(std::size_t pattern, std::size_t position, char letter, State& into) const {
        const std::string& text = patterns_[pattern];
        if (position >= text.size()) return;
        if (runs_at(pattern, position)) {
            if (letter != '/' || crosses_at(pattern, position)) reach(pattern, position, into);
        } else if (text[position] == '?' ? letter != '/' : text[position] == letter) {
            reach(pattern, position + 1, into);
        }
    }
    void see(State state, std::string text) {
        std::ranges::sort(state);
        state.erase(std::ranges::unique(state).begin(), state.end());
        const auto [known, fresh] = seen_.emplace(std::move(state), texts_.size());
        if (!fresh) return;
        std::vector<std::uint32_t> matched;
        for (const std::uint64_t one : known->first)
            if ((one & 0xFFFFFFFF) == patterns_[one >> 32].size())
                matched.push_back(static_cast<std::uint32_t>(one >> 32));
        // The empty text is an atom of its own: it stands for "none", where it stands at all.
        if (text.empty() || known_sets_.insert(matched).second) atoms_.push_back({text, std::move(matched)});
        states_.push_back(&known->first); // keys keep their address
        texts_.push_back(std::move(text));
    }

    std::span<const std::string> patterns_;
    std::vector<char> letters_;
    std::unordered_map<State, std::size_t, StateHash> seen_;
    std::vector<const State*> states_;
    std::vector<std::string> texts_;
    std::set<std::vector<std::uint32_t>> known_sets_;
    std::vector<Atom> atoms_;
};

} // namespace

std::optional<std::vector<Atom>> atoms_of(std::span<const std::string> patterns) { return Walk(patterns).atoms(); }

} // namespace sallyport::policy
