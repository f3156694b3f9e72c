// Plays melodies by Web Audio: the player of all pages with sound. A step is one of
// `stepsPerQuarter`, a note is [onset, end, pitch].
const SOUNDS = {
  plucked: {wave: 'triangle', attack: 0.005, decay: 0.9, gain: 0.5},
  flute: {wave: 'sine', attack: 0.04, decay: 0, gain: 0.35},
  reed: {wave: 'sawtooth', attack: 0.02, decay: 0, gain: 0.14},
  fiddle: {wave: 'sawtooth', attack: 0.06, decay: 0, gain: 0.3, cutoff: 2400, vibrato: 14},
};
const LEAST_TEMPO = 20, // quarters per minute
  MOST_TEMPO = 400;
const LEAD = 0.1, // seconds from the click to the first note
  AHEAD = 1.5; // seconds of notes that are scheduled: timers of a hidden page run once a second
const NO_AUDIO = 'This browser cannot play sound.';

const hasAudio = () => typeof AudioContext !== 'undefined';

// A note into an audio node, from one second of its context to another.
function sound(out, pitch, begin, end, {wave, attack, decay, gain, cutoff, vibrato}) {
  const {context} = out;
  const oscillator = new OscillatorNode(context, {
    type: wave,
    frequency: 440 * 2 ** ((pitch - 69) / 12),
  });
  const volume = new GainNode(context, {gain: 0});
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(gain, begin + attack);
  if (decay) volume.gain.setTargetAtTime(0, begin + attack, decay / 3);
  volume.gain.setTargetAtTime(0, Math.max(end - 0.03, begin + attack), 0.012);
  if (cutoff)
    oscillator
      .connect(volume)
      .connect(new BiquadFilterNode(context, {type: 'lowpass', frequency: cutoff}))
      .connect(out);
  else oscillator.connect(volume).connect(out);
  if (vibrato) {
    // in cents, and only on notes that are held
    const depth = new GainNode(context, {gain: 0}),
      wobble = new OscillatorNode(context, {frequency: 5.5});
    depth.gain.setTargetAtTime(vibrato, begin + 0.25, 0.1);
    wobble.connect(depth).connect(oscillator.detune);
    wobble.start(begin);
    wobble.stop(end + 0.1);
  }
  oscillator.start(begin);
  oscillator.stop(end + 0.1);
}

// A click of a metronome.
function click(out, begin, isStrong) {
  const oscillator = new OscillatorNode(out.context, {frequency: isStrong ? 1760 : 1175}),
    volume = new GainNode(out.context, {gain: 0.25});
  volume.gain.setTargetAtTime(0, begin + 0.01, 0.012);
  oscillator.connect(volume).connect(out);
  oscillator.start(begin);
  oscillator.stop(begin + 0.1);
}

// The notes and clicks of a passage in the order in which they start, [step, sounds(out, second)].
function soundsOf({notes, clicks = [], hasClicks = true, first, end, timbre}, perStep) {
  const found = notes.map(([onset, off, pitch]) => [
    onset,
    (out, at) => sound(out, pitch, at, at + (Math.min(off, end) - onset) * perStep, SOUNDS[timbre]),
  ]);
  if (hasClicks)
    for (const [step, isStrong] of clicks)
      found.push([step, (out, at) => click(out, at, isStrong)]);
  return found.filter(([step]) => step >= first && step < end).sort((a, b) => a[0] - b[0]);
}

const stepSeconds = ({qpm, stepsPerQuarter = 4}) => 60 / qpm / stepsPerQuarter;

// The page's player. `passage`, what it plays now, or null:
//   {notes, clicks: [[step, is strong], ...], first, end (steps), from (the step to start at),
//    qpm, stepsPerQuarter, timbre (of SOUNDS), isLoop, hasClicks}, and what the page adds.
// `step` is where it is, by the clock of the audio.
const player = {
  passage: null,
  step: 0,
  context: null,
  handlers: {},
  halt: () => {},

  // The audio, made by the first click, as browsers ask for; it sleeps while nothing sounds.
  wake() {
    this.context ??= new AudioContext();
    clearTimeout(this.bedtime);
    this.bedtime = setTimeout(() => this.passage || this.context.suspend(), 5000);
    this.context.resume();
    return this.context;
  },

  // A single note at once.
  blip(pitch, timbre) {
    if (!hasAudio()) return;
    const {destination, currentTime} = this.wake();
    sound(destination, pitch, currentTime + 0.01, currentTime + 0.25, SOUNDS[timbre]);
  },

  // Plays a passage in place of the one before. `follow(step)` is called with each frame,
  // `stopped()` when it no longer plays, and `ended()` after that where it came to its end.
  // Throws where the browser has no audio.
  play(passage, handlers = {}) {
    this.stop();
    const {first, end, from = first, isLoop = false} = passage;
    const context = this.wake(),
      perStep = stepSeconds(passage),
      begun = context.currentTime + LEAD,
      out = new GainNode(context),
      sounds = soundsOf(passage, perStep);
    out.connect(context.destination);
    let next = sounds.filter(([step]) => step < from).length,
      pass = 0,
      frame = 0;
    const timeOf = (step) => begun + (step + pass * (end - first) - from) * perStep;
    const tick = () => {
      while (sounds.length && (isLoop || next < sounds.length)) {
        if (next === sounds.length) [next, pass] = [0, pass + 1];
        const at = timeOf(sounds[next][0]);
        if (at > context.currentTime + AHEAD) break;
        sounds[next][1](out, Math.max(at, context.currentTime));
        next += 1;
      }
      const step = from + Math.max(0, context.currentTime - begun) / perStep;
      if (step >= end && !isLoop) {
        this.stop();
        handlers.ended?.();
        return;
      }
      this.step = first + ((step - first) % (end - first));
      handlers.follow?.(this.step);
    };
    const draw = () => {
      frame = requestAnimationFrame(draw);
      tick();
    };
    const timer = setInterval(tick, 500); // a hidden page draws no frames
    this.halt = () => {
      cancelAnimationFrame(frame);
      clearInterval(timer);
      out.gain.setTargetAtTime(0, context.currentTime, 0.01);
      setTimeout(() => out.disconnect(), 100);
    };
    Object.assign(this, {passage, handlers, step: from});
    frame = requestAnimationFrame(draw);
  },

  stop() {
    if (!this.passage) return;
    this.passage = null;
    this.halt();
    this.wake();
    this.handlers.stopped?.();
  },

  // Goes on from the same step with another tempo, sound or the like.
  change(changes) {
    if (!this.passage) return;
    const passage = {...this.passage, ...changes};
    passage.from = Math.max(passage.first, Math.floor(this.step));
    this.halt();
    this.passage = null;
    this.play(passage, this.handlers);
  },
};

// The samples of a passage, from its first note on; null where the browser cannot.
async function renderPassage(passage, rate = 44100) {
  if (typeof OfflineAudioContext === 'undefined') return null;
  const perStep = stepSeconds(passage),
    seconds = (passage.end - passage.first) * perStep + 1,
    context = new OfflineAudioContext(1, Math.ceil(seconds * rate), rate);
  for (const [step, sounds] of soundsOf(passage, perStep))
    sounds(context.destination, 0.05 + (step - passage.first) * perStep);
  const samples = (await context.startRendering()).getChannelData(0);
  const peak = samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0.8);
  return samples.map((each) => (each * 0.8) / peak);
}

// A tempo as it was asked for, within the limits; `usual` where it is no number.
function limitTempo(asked, usual) {
  return Math.min(MOST_TEMPO, Math.max(LEAST_TEMPO, Number(asked) || usual));
}

// The look of a button that plays and stops.
function showPlaying(button, isPlaying, [play, stop] = ['Play', 'Stop']) {
  button.setAttribute('aria-pressed', isPlaying);
  button.textContent = isPlaying ? stop : play;
}
