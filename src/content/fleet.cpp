#include "content/fleet.h"

#include "base/limits.h"
#include "content/code_points.h"
#include "content/masking.h"

#include <algorithm>
#include <charconv>

namespace sallyport::content {
namespace {

// Who says it where, and its words; the same sentence a second time in a text is another.
crypto::Digest key_of(const Observation& seen, std::string_view skeleton, std::size_t nth) {
    crypto::Sha256 hash;
    for (const std::string_view part : {seen.client, seen.version, seen.place, skeleton}) {
        hash.add(std::to_string(part.size()) + ':');
        hash.add(part);
    }
    hash.add(std::to_string(nth));
    return hash.finish();
}

struct Piece {
    std::uint32_t letter = 0;
    std::string_view bytes;
};

// "<letters>:<bytes>\n" each; bytes hold no line end.
std::vector<Piece> pieces_of(std::string_view trace) {
    std::vector<Piece> pieces;
    while (!trace.empty()) {
        const std::string_view line = trace.substr(0, trace.find('\n'));
        trace.remove_prefix(std::min(line.size() + 1, trace.size()));
        Piece piece;
        const char* const end = std::from_chars(line.data(), line.data() + line.size(), piece.letter).ptr;
        const auto colon = static_cast<std::size_t>(end - line.data());
        piece.bytes = line.substr(std::min(colon + 1, line.size()));
        pieces.push_back(piece);
    }
    return pieces;
}

std::string told(std::string_view bytes) {
    if (bytes.empty()) return "nothing";
    std::string out;
    for (std::size_t at = 0, count = 0; at < bytes.size(); ++count) {
        if (count == 16) return out + ", ...";
        const CodePoint c = code_point_at(bytes, at);
        out += out.empty() ? "" : ", ";
        out += code_point_name(c.value);
        at += c.size;
    }
    return out;
}

struct Difference {
    std::uint32_t letter = 0;
    std::string usual, odd;
};

// The first place where two traces differ.
Difference difference(std::string_view usual, std::string_view odd) {
    const auto one = pieces_of(usual), other = pieces_of(odd);
    std::size_t i = 0;
    while (i < one.size() && i < other.size() && one[i].letter == other[i].letter && one[i].bytes == other[i].bytes)
        ++i;
    const bool has_one = i < one.size(), has_other = i < other.size();
    if (has_one && (!has_other || one[i].letter < other[i].letter))
        return {one[i].letter, told(one[i].bytes), "nothing"};
    if (has_other && (!has_one || other[i].letter < one[i].letter))
        return {other[i].letter, "nothing", told(other[i].bytes)};
    if (!has_one) return {0, "bytes beyond what is kept", "bytes beyond what is kept"};
    return {one[i].letter, told(one[i].bytes), told(other[i].bytes)};
}

} // namespace

void Fleet::observe(const Observation& seen, std::vector<FleetFinding>& out) {
    std::map<std::string, std::size_t> times;
    std::uint32_t index = 0;
    for (const SentencePlace& place : sentences_of(seen.text)) {
        const std::uint32_t own = index++;
        if (place.end - place.begin > limits::fleet_sentence_bytes_max) continue;
        const Masked read = masked(seen.text.substr(place.begin, place.end - place.begin));
        if (read.skeleton.empty()) continue;
        Sentence& at = sentence(key_of(seen, read.skeleton, times[read.skeleton]++));
        note(at, read.trace, own, seen.machine);
        judge(at, seen, out);
    }
}

Fleet::Sentence& Fleet::sentence(const crypto::Digest& key) {
    const auto [at, is_new] = known_.try_emplace(key);
    if (!is_new) {
        used_.splice(used_.begin(), used_, at->second.used);
        return at->second;
    }
    used_.push_front(key);
    at->second.used = used_.begin();
    if (known_.size() > limits::fleet_sentences_max) {
        known_.erase(used_.back());
        used_.pop_back();
    }
    return at->second;
}

void Fleet::note(Sentence& at, std::string_view trace, std::uint32_t index, std::uint64_t machine) {
    const crypto::Digest digest = crypto::sha256(trace);
    auto form = std::ranges::find(at.forms, digest, &Form::digest);
    if (form == at.forms.end()) {
        if (at.forms.size() >= limits::fleet_forms_max) return;
        at.forms.push_back({digest, std::string(trace.substr(0, limits::fleet_trace_bytes_max)), index, {}});
        form = at.forms.end() - 1;
    }
    const bool known = std::ranges::find(form->machines, machine, &Machine::pseudonym) != form->machines.end();
    if (!known && form->machines.size() < limits::fleet_machines_max) form->machines.push_back({machine});
}

void Fleet::judge(Sentence& at, const Observation& seen, std::vector<FleetFinding>& out) {
    if (at.forms.size() < 2) return;
    const Form& usual = *std::ranges::max_element(at.forms, {}, [](const Form& form) { return form.machines.size(); });
    for (Form& odd : at.forms) {
        if (&odd == &usual || usual.machines.size() < machines_agreeing_min) continue;
        if (odd.machines.size() * 2 > usual.machines.size()) continue;
        for (Machine& machine : odd.machines) {
            if (machine.told) continue;
            machine.told = true;
            Difference differs = difference(usual.trace, odd.trace);
            out.push_back({std::string(seen.client), std::string(seen.version), std::string(seen.place),
                           machine.pseudonym, odd.sentence, differs.letter, std::move(differs.usual),
                           std::move(differs.odd), usual.machines.size(), odd.machines.size()});
        }
    }
}

} // namespace sallyport::content
