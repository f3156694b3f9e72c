// The melodies of a report: each as a piano roll, played one at a time.
const LENGTH = 680, // pixels of the steps that are shown
  ROW = 6; // of a semitone

for (const place of document.querySelectorAll('.played')) joinRoll(place);
document.addEventListener('keydown', (event) => event.key === 'Escape' && player.stop());

function joinRoll(place) {
  const data = JSON.parse(place.querySelector('script').textContent),
    button = place.querySelector('button'),
    svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'),
    layout = layOutMelody(data);
  svg.setAttribute('aria-hidden', 'true'); // the region around it is described
  showRollLine(svg, layout, 0, {
    notes: data.notes.map(([onset, end, pitch, isMarked]) => ({
      onset,
      length: end - onset,
      pitch,
      kind: isMarked ? 'marked' : '',
    })),
    heading: (bar) => (bar < 0 ? null : {text: `bar ${bar + 1}`}),
  });
  place.querySelector('.roll').append(svg);
  const play = () => {
    player.play(
      {
        place,
        notes: data.notes,
        first: Math.max(0, data.first),
        end: Math.min(data.first + data.num_steps, Math.max(...data.notes.map(([, end]) => end))),
        qpm: 120,
        timbre: 'plucked',
      },
      {
        follow: (step) => moveCursor([svg], layout, step),
        stopped: () => {
          moveCursor([svg], layout, null);
          showPlaying(button, false);
        },
      },
    );
    showPlaying(button, true);
  };
  button.disabled = !hasAudio() || !data.notes.length;
  button.title = hasAudio() ? '' : NO_AUDIO;
  button.addEventListener('click', () =>
    player.passage?.place === place ? player.stop() : play(),
  );
}

// Labels only at the highest and the lowest note, as the rows are low.
function layOutMelody({notes, first, num_steps: numSteps, bar_steps: steps, pitch_names: names}) {
  const pitches = notes.length ? notes.map(([, , pitch]) => pitch) : [60],
    [low, high] = [Math.min(...pitches), Math.max(...pitches)];
  const rows = Array.from({length: high - low + 3}, (_, index) => {
    const pitch = high + 1 - index;
    return {pitch, label: pitch === low || pitch === high ? names[pitch] : ''};
  });
  return layOut({
    lines: [{from: first, to: first + numSteps}],
    rows,
    step: LENGTH / numSteps,
    row: ROW,
    bar: {steps, beats: [0]},
  });
}
