// Which versions of a client have to be inspected to say where a finding came and went: its ends first, then halves between two that differ,
// then where the largest part was not looked at. Pure; the versions are told apart by what was found in them, as sets of sentences.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::lab {

class VersionSearch {
public:
    // `count` versions in their order, of which at most `most` are inspected.
    VersionSearch(std::size_t count, std::size_t most) : told_(count), most_(most) {}

    std::optional<std::size_t> next() const; // nothing: enough is known, or so many were inspected
    void tell(std::size_t index, std::set<std::string> found);
    void skip(std::size_t index); // it could not be inspected

    // Where a finding was seen; between `first` and `last` each version that was inspected has it.
    struct Span {
        std::string finding;
        std::size_t first = 0, last = 0;
        std::optional<std::size_t> before, after; // the nearest that were inspected and do not have it
    };
    std::vector<Span> spans() const;
    std::size_t inspected() const { return inspected_; }
    const std::set<std::string>* found_in(std::size_t index) const {
        return told_[index].state == State::told ? &told_[index].found : nullptr;
    }

private:
    enum class State : std::uint8_t { open, told, skipped };
    struct Version {
        State state = State::open;
        std::set<std::string> found;
    };
    std::optional<std::size_t> open_between(std::size_t low, std::size_t high) const; // the nearest to their middle

    std::vector<Version> told_;
    std::size_t most_;
    std::size_t inspected_ = 0;
};

} // namespace sallyport::lab
