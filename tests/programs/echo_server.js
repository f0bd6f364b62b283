// TCP echo server on Node: answers what it gets.
const net = require("net");

net.createServer((socket) => socket.pipe(socket)).listen(Number(process.argv[2]), () => console.log("listening"));
