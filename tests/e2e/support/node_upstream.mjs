// An upstream on Node's own http module and nothing else: node node_upstream.mjs PORT KEEP_ALIVE_MS
//
// Events that a test waits for are lines of standard output, first of all "ready". /next sends the next event of the
// streams at /events.
import http from 'node:http';

const [port, keepAliveTimeout] = process.argv.slice(2).map(Number);
const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);
const listeners = new Set();

const paths = {
  '/hello': (request, response) => response.end('hello\n'),
  '/boast'(request, response) {
    response.setHeader('Keep-Alive', 'timeout=60');
    response.end('hello\n');
  },
  '/trailers'(request, response) {
    response.writeHead(200, { Trailer: 'X-Sum', 'Content-Type': 'text/plain' });
    response.write('first ');
    response.write('second');
    response.addTrailers({ 'X-Sum': '2' });
    response.end();
  },
  '/hints'(request, response) {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' }, () => response.end('page\n'));
  },
  '/events'(request, response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    listeners.add(response);
  },
  '/next'(request, response) {
    for (const listener of listeners) listener.write(`data: ${request.headers['x-event']}\n\n`);
    response.end(`${listeners.size}\n`);
  },
  '/upload'(request, response) {
    let bytes = 0;
    request.on('data', (piece) => (bytes += piece.length));
    request.on('end', () => response.end(JSON.stringify({ bytes, trailers: request.trailers })));
  },
  '/never': (request) => say('asked', request.url),
};

const server = http.createServer({ keepAliveTimeout }, (request, response) => {
  response.on('close', () => {
    listeners.delete(response);
    if (!response.writableFinished) say('aborted', request.url);
  });
  paths[request.url](request, response);
});

server.on('checkContinue', (request, response) => {
  if (request.headers['x-refuse']) {
    response.writeHead(413).end();
    return;
  }
  response.writeContinue();
  server.emit('request', request, response);
});

server.on('upgrade', (request, socket, head) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  socket.write(head);
  socket.pipe(socket);
  socket.on('close', () => say('tunnel closed'));
});

let connections = 0;
server.on('connection', (socket) => {
  const number = ++connections;
  say('connection', number);
  socket.on('close', () => say('closed', number));
});
server.listen(port, '127.0.0.1', () => say('ready'));
