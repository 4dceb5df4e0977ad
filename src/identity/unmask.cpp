#include "identity/unmask.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "crypto/crypto.h"
#include "json/writer.h"

namespace sallyport::identity {

namespace {

Result<void> record(store::State& state, std::string_view what, const Caller& caller, std::string_view case_number,
                    std::string about, std::int64_t now_ms) {
    return state.add_act({"a_" + to_hex(crypto::random_bytes(10)), std::string(what), std::string(caller.person),
                          "case " + std::string(case_number), std::move(about), now_ms});
}

std::unexpected<Error> refuse(std::string sentence) {
    return fail(ErrorKind::refused, std::move(sentence), ErrorSource::client);
}

// What is wrong with the wish itself; empty where nothing is.
std::string objection(std::string_view pseudonym, std::string_view case_number) {
    if (pseudonym.size() != Pseudonym::characters || (!pseudonym.starts_with("p_") && !pseudonym.starts_with("m_")))
        return "a person's or machine's pseudonym is p_ or m_ and 20 characters, as lists show it";
    for (const char c : case_number)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) return "a case number has no control characters";
    if (case_number.empty() || case_number.size() > case_bytes_max)
        return "a case number of 1 to " + std::to_string(case_bytes_max) + " bytes is needed";
    return {};
}

} // namespace

Result<Unmasking> unmask(store::State& state, const Pseudonyms& pseudonyms, const Caller& caller,
                         std::string_view pseudonym, std::string_view case_number, std::int64_t now_ms) {
    if (const std::string problem = objection(pseudonym, case_number); !problem.empty())
        return fail(ErrorKind::invalid, problem, ErrorSource::client);
    if (!sees_all(caller.access))
        return refuse("a name is opened by two people together: one whose key has access auditor or security, one with "
                      "data-protection; this key has access " +
                      std::string(name(caller.access)));
    const std::string about = "pseudonym " + std::string(pseudonym);
    const store::UnmaskingRecord wish{"u_" + to_hex(crypto::random_bytes(10)),
                                      std::string(pseudonym),
                                      std::string(case_number),
                                      std::string(caller.person),
                                      std::string(name(caller.access)),
                                      now_ms,
                                      {},
                                      {},
                                      0};
    auto there = state.ask_to_unmask(wish, now_ms - unmask_ms_max);
    if (!there) return std::unexpected(there.error());
    Unmasking out{std::move(*there), std::nullopt};
    if (out.record.id == wish.id) {
        if (auto told = record(state, "ask-unmask", caller, case_number, about, now_ms); !told)
            return std::unexpected(told.error());
        return out;
    }
    const bool asked_it = out.record.asked_by == caller.person;
    if (out.record.approved_by.empty()) {
        if (asked_it) return out;
        const auto first = access_named(out.record.asked_access);
        if (!first || !opens_together(*first, caller.access))
            return refuse("who asked first has access " + out.record.asked_access + "; it takes " +
                          (reads_bodies(caller.access) ? "data-protection" : "auditor or security") +
                          " beside this key's " + std::string(name(caller.access)) + ", within 24 hours");
        auto approved = state.approve_unmasking(out.record.id, caller.person, name(caller.access), now_ms);
        if (!approved) return std::unexpected(approved.error());
        out.record = std::move(*approved);
    }
    if (!asked_it && out.record.approved_by != caller.person)
        return refuse("this was opened by two others, for themselves; ask with another case number");
    const std::string with = asked_it ? out.record.approved_by : out.record.asked_by;
    if (auto told = record(state, "unmask", caller, case_number, about + ", with " + with, now_ms); !told)
        return std::unexpected(told.error());
    auto found = pseudonyms.name_of(state, pseudonym);
    if (!found) return std::unexpected(found.error());
    if (!*found)
        return fail(ErrorKind::unavailable,
                    "the name behind " + std::string(pseudonym) + " is not there: it was erased, or never known here");
    out.name = std::move(**found);
    return out;
}

std::string unmasking_json(const Unmasking& unmasking) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("pseudonym", unmasking.record.pseudonym);
    writer.member("case", unmasking.record.case_number);
    writer.member("state", unmasking.name ? "opened" : "waits");
    writer.member("asked_by", unmasking.record.asked_by);
    writer.member("asked_access", unmasking.record.asked_access);
    if (!unmasking.record.approved_by.empty()) writer.member("with", unmasking.record.approved_by);
    if (unmasking.name) writer.member("name", *unmasking.name);
    writer.member("until", rfc3339(unmasking.record.asked_ms + unmask_ms_max));
    writer.end_object();
    return out + "\n";
}

} // namespace sallyport::identity
