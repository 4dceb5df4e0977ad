// The fleet check: a sentence that one version of a client writes on every machine, and on one of them with other bytes between the
// same words, may mark that machine. Finds markers that no rule knows.
//
// Holds digests of sentences, and of what is not letters in them the bytes; words are never kept. Bounded by limits::fleet_*: what was
// not seen for longest is forgotten. For one thread at a time.
#pragma once

#include "crypto/crypto.h"

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

// A text of a place that is the client's own: the system prompt, a reminder, the description of a tool. Not what people wrote.
struct Observation {
    std::string_view client, version;
    std::string_view place; // "system[0]", "tools.Bash"
    std::string_view text;
    std::uint64_t machine = 0; // a pseudonym, keyed elsewhere
};

struct FleetFinding {
    std::string client, version, place;
    std::uint64_t machine = 0;  // the one that differs
    std::uint32_t sentence = 0; // the how-manieth of its text, from 0
    std::uint32_t letter = 0;   // how many letters of the sentence stand before the difference
    std::string usual, odd;     // the bytes there on the others and on this one: "U+0027 APOSTROPHE", "nothing"
    std::size_t machines = 0, machines_like_it = 0; // that write the usual form, that write this one
    bool operator==(const FleetFinding&) const = default;
};

class Fleet {
public:
    static constexpr std::size_t machines_agreeing_min = 4;

    // Appends what is known only now, each machine and form of a sentence once: of this machine, or of one seen before that the
    // agreement of others shows to differ. A minority is at most half of those that agree.
    void observe(const Observation& seen, std::vector<FleetFinding>& out);
    std::size_t sentences() const { return known_.size(); }

private:
    struct Machine {
        std::uint64_t pseudonym = 0;
        bool told = false;
    };
    struct Form {
        crypto::Digest digest{};
        std::string trace;
        std::uint32_t sentence = 0;
        std::vector<Machine> machines;
    };
    struct Sentence {
        std::vector<Form> forms;
        std::list<crypto::Digest>::iterator used;
    };
    Sentence& sentence(const crypto::Digest& key);
    static void note(Sentence& at, std::string_view trace, std::uint32_t index, std::uint64_t machine);
    static void judge(Sentence& at, const Observation& seen, std::vector<FleetFinding>& out);

    std::map<crypto::Digest, Sentence> known_;
    std::list<crypto::Digest> used_; // the latest first
};

} // namespace sallyport::content
