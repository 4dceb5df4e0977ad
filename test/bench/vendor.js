// A vendor made of Node's own HTTP server: node vendor.js ANSWER; tells its address like `sallyport vendor`.
"use strict";

const http = require("node:http");

const answer = Buffer.from(process.argv[2]);
const server = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => {
        response.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
        response.end(answer);
    });
});
server.keepAliveTimeout = 600_000;
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
