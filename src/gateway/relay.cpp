#include "gateway/relay.h"

#include "base/clock.h"
#include "base/text.h"
#include "gateway/restoring.h"
#include "policy/program.h"

#include <algorithm>
#include <utility>

namespace sallyport::gateway {

namespace {

constexpr std::size_t long_answer_bytes = 256 * 1024;
constexpr std::string_view broken_sentence =
    "The vendor's answer broke off before its end. Nothing is wrong with your request; try again.";

std::string_view media_type(std::string_view content_type) {
    return trim(content_type.substr(0, content_type.find(';')));
}

// Fields as they came, without those of the connection, with our reference.
void copy_fields(const http::ResponseHead& head, std::string_view exchange_id, std::string_view warning,
                 std::vector<http::Field>& into) {
    into.reserve(head.fields.size() + 2);
    const bool names_hops = head.fields.find("connection") != nullptr;
    for (const http::Field& field : head.fields) {
        if (http::is_hop_by_hop(field.name) || field.name == "content-length") continue;
        if (names_hops && head.fields.lists("connection", field.name)) continue;
        into.push_back(field);
    }
    into.push_back({"x-sallyport-exchange", exchange_id});
    if (!warning.empty()) into.push_back({"x-sallyport-warning", warning});
}

// What was redacted in the request, put back into its answer as it passes; nothing where nothing was, or the answer is in a coding that was
// not asked for.
class PutBack {
public:
    PutBack(Turn& turn, int status, const Watch& watch) : events_(watch.is_events()) {
        if (turn.redacted.empty() || status / 100 != 2 || !watch.is_plain() ||
            !turn.world->policy->program().document.restore_tools)
            return;
        world_ = turn.world; // holds the names of the tools
        restoring_.emplace(turn.endpoint.dialect, std::move(turn.redacted),
                           *world_->policy->program().document.restore_tools);
    }
    bool active() const { return restoring_.has_value(); }
    std::size_t restored() const { return restoring_ ? restoring_->restored() : 0; }

    // What may go on now; nothing where more is needed. Valid until the next call.
    std::span<iovec> change(std::span<iovec> pieces, bool last) {
        if (!restoring_) return pieces;
        out_.clear();
        for (const iovec& piece : pieces) {
            const std::string_view bytes(static_cast<const char*>(piece.iov_base), piece.iov_len);
            if (events_)
                restoring_->feed(bytes, out_);
            else
                body_ += bytes;
        }
        if (events_ && last) restoring_->end(out_);
        if (!events_ && body_.size() > limits::answer_watched_bytes_max) { // too large to be read as a whole
            out_ = std::exchange(body_, {});
            restoring_.reset();
        } else if (!events_ && last) {
            out_ = restoring_->body(body_);
        }
        changed_ = {out_.data(), out_.size()};
        return out_.empty() ? std::span<iovec>() : std::span<iovec>(&changed_, 1);
    }

private:
    bool events_;
    std::shared_ptr<const World> world_;
    std::optional<Restoring> restoring_;
    std::string out_, body_;
    iovec changed_{};
};

constexpr std::size_t inline_answer_bytes_max = 128 * 1024; // about a third of a millisecond

// What the model wrote holds secrets too: of what it read, or of what it makes up. It is on its way; what was found is recorded.
net::Task<void> inspect_answer(Turn& turn, const Watch& watch, content::Inspection& into) {
    if (turn.endpoint.operation != dialect::Operation::generate || watch.read().bytes() == 0) co_return;
    const auto inspect = [&](content::Inspector& inspector) {
        inspector.inspect_nothing(into);
        for (const auto& [number, part] : watch.read().parts())
            inspector.inspect_answer(
                part.text, part.is_argument ? dialect::UnitKind::tool_call : dialect::UnitKind::message, into);
    };
    if (watch.read().bytes() <= inline_answer_bytes_max) {
        inspect(turn.inspector());
        co_return;
    }
    co_await turn.lane.shared.workers.run(turn.lane.loop, [&] {
        std::unique_ptr<content::Inspector> one = turn.lane.shared.inspectors.take(turn.world->rules);
        inspect(*one);
        turn.lane.shared.inspectors.give(std::move(one));
    });
}

} // namespace

Watch::Watch(const dialect::Endpoint& endpoint, const http::ResponseHead& head, dialect::Answer& answer)
    : endpoint_(endpoint), reader_(endpoint.dialect), answer_(answer),
      events_(equals_ignoring_case(media_type(head.fields.value("content-type")), "text/event-stream")),
      successful_(head.status / 100 == 2) {
    const std::string_view coding = head.fields.value("content-encoding");
    if (http::is_identity(coding)) return;
    decoder_ = http::make_decoder(coding, ErrorSource::upstream);
    blind_ = decoder_ == nullptr;
}

bool Watch::can_end_with_event() const { return events_ && successful_ && decoder_ == nullptr && last_ == '\n'; }

void Watch::see(std::string_view payload) {
    if (payload.empty()) return;
    last_ = payload.back();
    if (blind_) return;
    if (decoder_ == nullptr) {
        look(payload);
        return;
    }
    decoded_.clear();
    if (!decoder_->decode(payload, decoded_, limits::answer_watched_bytes_max)) {
        blind_ = true;
        return;
    }
    look(decoded_.view());
}

void Watch::look(std::string_view decoded) {
    if (events_) {
        stream_.feed(decoded, [&](std::string_view event, std::string_view data) {
            dialect::watch_event(endpoint_.dialect, event, data, answer_);
            if (successful_) reader_.event(data);
        });
    } else if (body_.size() + decoded.size() <= limits::answer_watched_bytes_max) {
        // A long one gets its room at once: growing step by step would leave as much again to the allocator.
        if (body_.size() + decoded.size() > long_answer_bytes) body_.reserve(limits::answer_watched_bytes_max);
        body_.append(decoded);
    } else {
        blind_ = true;
        body_ = Buffer(); // what was kept is of no use any more
    }
}

void Watch::end() {
    if (events_ || blind_ || body_.empty() || endpoint_.operation == dialect::Operation::list_models) return;
    const json::Document* const read = dialect::watch_body(endpoint_, body_.view(), answer_);
    if (successful_ && read != nullptr) reader_.body(*read);
}

net::Task<Attempted> relay(Turn& turn, http::ClientConnection& upstream, const http::ResponseHead& head) {
    const http::Timeouts& timeouts = turn.world->config->timeouts;
    http::Exchange& exchange = turn.exchange;
    dialect::Answer& answer = turn.answer;
    Attempted attempted;
    attempted.status = head.status;
    attempted.first_byte_ms = (monotonic_us() - turn.begun_us) / 1000;
    Watch watch(turn.endpoint, head, answer);
    std::vector<http::Field> fields;
    copy_fields(head, turn.id, turn.warning, fields);
    const http::Framing framing = upstream.framing();
    std::optional<std::uint64_t> length;
    if (framing.kind == http::Framing::Kind::length) length = framing.length;
    if (framing.kind == http::Framing::Kind::none) {
        // HEAD and 304 keep the length they announce; 204 has none.
        length = 0;
    }
    PutBack put_back(turn, head.status, watch);
    if (put_back.active()) length.reset(); // what is put back has another length
    exchange.start(head.status, head.reason, fields, length);
    fields = {};
    turn.release_request();
    // `head` views the connection's buffer, which the first read_part() gives back.
    // A vendor may think for minutes between its head and its first byte; clients give up on a head that does not come.
    bool begun = false; // bytes of the answer are on their way to the client
    if (!upstream.part_is_here()) {
        begun = true;
        const Result<void> told = co_await exchange.write({}, false);
        if (!told) {
            attempted.ended = ledger::Ended::client_left;
            turn.lane.metrics.clients_left.add();
            co_return attempted;
        }
    }
    crypto::Sha256 digest;
    while (true) {
        const Result<http::ClientConnection::Part> part = co_await upstream.read_part(timeouts.upstream_idle_ms);
        bool last = part && part->last;
        if (part) {
            for (const iovec& piece : part->pieces) {
                const std::string_view bytes(static_cast<const char*>(piece.iov_base), piece.iov_len);
                digest.add(bytes);
                watch.see(bytes);
                if (turn.kept) turn.kept->answer(bytes);
            }
            attempted.answer_bytes += part->bytes;
        }
        if (last) watch.end();
        // A clean end without the dialect's final event makes some clients ask again for ever (opencode 1.18: 686 calls in 200 s).
        const bool ended_early = last && watch.is_events() && head.status / 100 == 2 && !answer.complete &&
                                 answer.error_type.empty() && turn.endpoint.operation == dialect::Operation::generate;
        if (part && !ended_early) {
            const std::span<iovec> pieces = put_back.change(part->pieces, last);
            if (pieces.empty() && !last) continue;
            begun = true;
            const Result<void> written = co_await exchange.write(pieces, last);
            if (!written) {
                // Some clients close right behind the final event: that is no abort.
                attempted.ended = answer.complete ? ledger::Ended::complete : ledger::Ended::client_left;
                break;
            }
            if (last) {
                attempted.ended = ledger::Ended::complete;
                break;
            }
            continue;
        }
        const bool is_cut_off = !part && !turn.cut_off.empty() && !turn.client_gone;
        if (!part && part.error().kind == ErrorKind::cancelled && !is_cut_off) {
            attempted.ended = answer.complete ? ledger::Ended::complete : ledger::Ended::client_left;
            exchange.abort();
            break;
        }
        attempted.ended =
            !part && part.error().kind == ErrorKind::timeout ? ledger::Ended::timeout : ledger::Ended::upstream_cut;
        if (is_cut_off) attempted.ended = ledger::Ended::upstream_cut;
        attempted.error = is_cut_off                                  ? "cut_off"
                          : ended_early                               ? "early_end"
                          : attempted.ended == ledger::Ended::timeout ? "idle"
                                                                      : "cut";
        turn.lane.metrics.streams_broken.add();
        if (!begun && (length || !watch.can_end_with_event())) {
            attempted.unanswered =
                true; // nobody has seen anything of it: a sentence is better than a closed connection
            break;
        }
        if (length || !watch.can_end_with_event()) { // an announced length leaves no room for an event of ours
            exchange.abort();                        // the close tells the client that the rest is missing
            break;
        }
        const std::string ending =
            "\n" + dialect::stream_error(turn.endpoint.dialect,
                                         is_cut_off ? std::string_view(turn.cut_off) : broken_sentence, turn.id);
        std::vector<iovec> pieces;
        if (part) pieces.assign(part->pieces.begin(), part->pieces.end());
        pieces.push_back({const_cast<char*>(ending.data()), ending.size()});
        const Result<void> written = co_await exchange.write(pieces, true);
        if (!written) exchange.abort();
        break;
    }
    attempted.answer_digest = digest.finish();
    attempted.restored = put_back.restored();
    co_await inspect_answer(turn, watch, attempted.findings);
    turn.lane.metrics.answer_bytes.add(attempted.answer_bytes);
    if (attempted.ended == ledger::Ended::client_left) turn.lane.metrics.clients_left.add();
    co_return attempted;
}

} // namespace sallyport::gateway
