-- What wrk sends: wrk -s load.lua URL -- HEADERS BODY [fresh]
-- HEADERS is a file with a "name: value" a line, BODY a file. With `fresh` no two requests are alike: each mark in the body
-- becomes a number of the same length. When it is done it prints one line, "RESULT " and a JSON object.

local MARK = "@@0123456789@@"

local function content(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read("*a")
    file:close()
    return bytes
end

local function send_fresh(body)
    local pieces, numbered = {}, {}
    local from = 1
    while true do
        local first, last = body:find(MARK, from, true)
        pieces[#pieces + 1] = body:sub(from, (first or 0) - 1)
        if not first then break end
        pieces[#pieces + 1] = ""
        numbered[#numbered + 1] = #pieces
        from = last + 1
    end
    assert(#numbered > 0, "the body has no mark")
    -- Two runs against the same program must not repeat each other's requests.
    math.randomseed(os.time())
    local count = math.random(1, 1000000) * 1000
    wrk.body = body
    local head = wrk.format():match("^(.-\r\n\r\n)")
    pieces[1] = head .. pieces[1]
    function request()
        count = count + 1
        for i, place in ipairs(numbered) do pieces[place] = ("%08d%06d"):format(i, count % 1000000) end
        pieces[numbered[1]] = ("%014d"):format(count)
        return table.concat(pieces)
    end
end

function init(args)
    wrk.method = "POST"
    for line in io.lines(args[1]) do
        local name, value = line:match("^([^:]+): (.*)$")
        if name then wrk.headers[name] = value end
    end
    wrk.body = content(args[2])
    if args[3] == "fresh" then send_fresh(wrk.body) end
end

-- wrk counts whole microseconds: the mean of the percentiles around one is finer.
local function around(latency, from, to)
    local sum, count = 0, 0
    for p = from, to do
        sum = sum + latency:percentile(p)
        count = count + 1
    end
    return sum / count
end

function done(summary, latency)
    local e = summary.errors
    io.write(("RESULT {\"requests\":%d,\"bytes\":%d,\"seconds\":%.6f,\"p50_us\":%.3f,\"p99_us\":%.3f,"):format(
        summary.requests, summary.bytes, summary.duration / 1e6, around(latency, 45, 55), latency:percentile(99)))
    io.write(("\"errors\":{\"connect\":%d,\"read\":%d,\"write\":%d,\"status\":%d,\"timeout\":%d}}\n"):format(
        e.connect, e.read, e.write, e.status, e.timeout))
end
