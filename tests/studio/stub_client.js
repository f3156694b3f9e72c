function openEngine(script, network) {
  const worker = new Worker(URL.createObjectURL(new Blob([script], {type: 'text/javascript'}))), waiting = new Map();
  let last = 0;
  const send = (request, onCandidate) => new Promise((resolve, reject) => {
    waiting.set(last, {resolve, reject, onCandidate});
    worker.postMessage({id: last++, ...request});
  });
  worker.onmessage = ({data: {id, kind, ...answer}}) => {
    const {resolve, reject, onCandidate} = waiting.get(id);
    if (kind === 'candidate') onCandidate(answer);
    else if (kind === 'error') reject(new Error(answer.message));
    else resolve(kind === 'loaded' ? answer.model : answer);
  };
  return {loaded: send({kind: 'load', network}), ask: (request, onCandidate) => ({cancel: () => {}, finished: send(request, onCandidate)})};
}
