'use strict';
// The page's side of the engine: see `worker.js` for the messages.

// Starts the engine's script in a worker and loads the network.
function openEngine(script, network) {
  const url = URL.createObjectURL(new Blob([script], {type: 'text/javascript'}));
  const worker = new Worker(url),
    asked = new Map();
  let last = 0;
  worker.onmessage = ({data: {id, ...answer}}) => asked.get(id)?.(answer);
  const send = (request, onAnswer) => {
    const id = ++last;
    asked.set(id, (answer) => {
      if (answer.kind !== 'candidate') asked.delete(id);
      onAnswer(answer);
    });
    worker.postMessage({...request, id});
    return id;
  };
  const fault = ({message, field, wishes}) => Object.assign(new Error(message), {field, wishes});
  const loaded = new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || 'the worker did not start'));
    send({kind: 'load', network}, (answer) =>
      answer.kind === 'loaded' ? resolve(answer.model) : reject(fault(answer)),
    );
  });
  const ask = (request, onCandidate = () => {}) => {
    let id;
    const finished = new Promise((resolve, reject) => {
      id = send(request, (answer) => {
        if (answer.kind === 'candidate') onCandidate(answer);
        else if (answer.kind === 'done') resolve({cancelled: answer.cancelled});
        else reject(fault(answer));
      });
    });
    return {finished, cancel: () => worker.postMessage({kind: 'cancel', id})};
  };
  const close = () => {
    worker.terminate();
    URL.revokeObjectURL(url);
  };
  return {loaded, ask, close};
}
