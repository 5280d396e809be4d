import { exampleTools } from './tools.js';

/** Openings that suit a model which knows only what it is given. */
export const examples = [
    {
        title: 'Answer from a passage',
        note: 'The passage is sent as a context.',
        question: 'When was Mira Quell born?',
        contexts: ['Mira Quell was born in Tallow in 1931. She keeps 12 bees.'],
    },
    {
        title: 'Call a tool',
        note: 'The model calls get_weather; you play the tool.',
        question: 'What is the weather in Bern?',
        tools: exampleTools,
    },
    {
        title: 'Work out a sum',
        note: 'Step by step, digit by digit.',
        question: 'What is 125 + 238?',
    },
];
