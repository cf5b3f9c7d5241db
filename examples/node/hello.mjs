import { WebSocket, WebSocketServer } from 'polywire'

const server = new WebSocketServer({ port: 0 }, () => {
  const client = new WebSocket(`ws://localhost:${server.address().port}`)
  client.on('open', () => client.send('Hello'))
  client.on('message', (data) => {
    console.log(`${data}`)
    client.close(1000)
    server.close()
  })
})
server.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
})
